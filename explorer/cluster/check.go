package cluster

import (
	"fmt"
	"net/url"
	"slices"

	"k8s.io/client-go/tools/clientcmd"

	"pilothouse/explorer/problem"
)

// check tells what is wrong with the entry as far as the files tell; nil when it
// can be tried. It runs nothing and asks no server.
func (e *entry) check(trusted bool) *problem.Error {
	if p := e.checkReferences(); p != nil {
		return p
	}
	if p := e.checkURLs(); p != nil {
		return p
	}
	if !trusted {
		if p := e.checkHarmless(); p != nil {
			return p
		}
	}
	if provider := e.user().AuthProvider; provider != nil {
		return &problem.Error{
			Code:    problem.CredentialPlugin,
			Message: fmt.Sprintf("the user %s signs in through the auth-provider %s, which Kubernetes has replaced by credential plugins", e.context.User, provider.Name),
			Tried:   "reading " + e.context.File,
			Suggestions: []string{
				"use the exec plugin of your provider in its place, for example kubelogin for OpenID Connect",
			},
		}
	}
	if err := clientcmd.ConfirmUsable(*e.config, e.context.Name); err != nil {
		return e.invalid(fmt.Sprintf("the context %s cannot be used", e.context.Name), err)
	}
	return nil
}

// checkReferences finds a cluster or user that no file defines.
func (e *entry) checkReferences() *problem.Error {
	for _, ref := range []struct {
		what, name string
		found      bool
	}{
		{"cluster", e.context.Cluster, e.cluster() != nil},
		{"user", e.context.User, e.user() != nil},
	} {
		if ref.name == "" {
			return e.invalid(fmt.Sprintf("the context %s names no %s", e.context.Name, ref.what), nil)
		}
		if !ref.found {
			return e.invalid(fmt.Sprintf("the context %s names the %s %s, which is not defined",
				e.context.Name, ref.what, ref.name), nil)
		}
	}
	return nil
}

// checkURLs finds addresses that are none. It comes before client-go's check,
// whose sentences repeat a proxy URL with its password.
func (e *entry) checkURLs() *problem.Error {
	if _, err := url.Parse(e.cluster().Server); err != nil {
		return e.invalid(fmt.Sprintf("the server of the cluster %s is no URL", e.context.Cluster), nil)
	}
	proxy := e.cluster().ProxyURL
	if proxy == "" {
		return nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return e.invalid(fmt.Sprintf("the proxy-url of the cluster %s is no http, https or socks5 URL", e.context.Cluster), nil)
	}
	return nil
}

// checkHarmless refuses what a file from elsewhere could do to this machine: run
// a program, or send files of the user to a server of its choice.
func (e *entry) checkHarmless() *problem.Error {
	var reason string
	switch {
	case e.user().Exec != nil:
		reason = "runs a credential plugin"
	case e.user().AuthProvider != nil:
		reason = "uses an auth-provider"
	case len(e.references()) > 0:
		reason = "reads other files"
	default:
		return nil
	}
	return &problem.Error{
		Code:        problem.Untrusted,
		Message:     fmt.Sprintf("the context %s %s, and the file %s is not trusted", e.context.Name, reason, e.context.File),
		Tried:       "reading " + e.context.File,
		Suggestions: []string{"trust the file if you know who wrote it"},
	}
}

func (e *entry) invalid(message string, err error) *problem.Error {
	return &problem.Error{
		Code:        problem.KubeconfigInvalid,
		Message:     message,
		Tried:       "reading " + e.context.File,
		Suggestions: []string{"correct the kubeconfig; it is read again as soon as it is saved"},
		Err:         err,
	}
}
