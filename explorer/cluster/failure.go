package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"pilothouse/explorer/problem"
)

// narrator tells the failures of one context to people.
type narrator struct{ context Context }

func (n narrator) server() string {
	return fmt.Sprintf("the API server of %s at %s", n.context.ID, n.context.Server)
}

// tell makes a *problem.Error of what went wrong with a request; one that is told
// already stays as it is.
func (n narrator) tell(tried string, err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	var told *problem.Error
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		told = n.tellStatus(err, status.Status())
	} else {
		told = n.tellTransport(err)
	}
	told.Tried, told.Err = tried, err
	return told
}

// tellStatus tells an answer that is not a success.
func (n narrator) tellStatus(err error, status metav1.Status) *problem.Error {
	message := n.server() + " refuses: " + status.Message
	switch {
	case status.Code == http.StatusUnauthorized:
		return &problem.Error{
			Code:    problem.Unauthorized,
			Message: n.server() + " does not accept the credentials of the user " + n.context.User,
			Suggestions: []string{
				"sign in again with the tool of your provider",
				"check the user " + n.context.User + " in " + n.context.File + ": its token or certificate may have expired",
			},
		}
	case status.Code == http.StatusNotFound && strings.Contains(status.Message, "404 page not found"):
		// What Kubernetes' API server says, as plain text, of a path that nothing serves:
		// a custom kind that has gone.
		return &problem.Error{Code: problem.KindUnknown, Message: n.server() + " does not serve this kind (any more)"}
	case apierrors.IsUnexpectedServerError(err):
		return &problem.Error{
			Code:        problem.Rejected,
			Message:     fmt.Sprintf("something other than Kubernetes answers for %s (%s)", n.server(), status.Message),
			Suggestions: []string{"check the proxy and the VPN", "check the server's address in " + n.context.File},
		}
	case status.Code == http.StatusForbidden:
		return &problem.Error{
			Code:        problem.Forbidden,
			Message:     message,
			Suggestions: []string{"ask an administrator of the cluster for a role that allows it"},
		}
	case status.Code == http.StatusNotFound && status.Details != nil && status.Details.Name != "":
		return &problem.Error{Code: problem.NotFound, Message: status.Message + " in " + n.context.ID}
	case status.Code == http.StatusNotFound:
		return &problem.Error{Code: problem.KindUnknown, Message: n.server() + " does not serve that"}
	case status.Code == http.StatusTooManyRequests, status.Code == http.StatusServiceUnavailable:
		return &problem.Error{
			Code:        problem.Overloaded,
			Message:     n.server() + " asks to come back later: " + status.Message,
			Suggestions: []string{"try again in a while"},
		}
	}
	return &problem.Error{Code: problem.Rejected, Message: message}
}

// tellTransport tells why there is no answer.
func (n narrator) tellTransport(err error) *problem.Error {
	if p := n.tellCertificate(err); p != nil {
		return p
	}
	unreachable := func(reason string, suggestions ...string) *problem.Error {
		return &problem.Error{
			Code:        problem.Unreachable,
			Message:     fmt.Sprintf("%s does not answer (%s)", n.server(), reason),
			Suggestions: suggestions,
		}
	}
	address := "check the server's address in " + n.context.File
	var dns *net.DNSError
	var deadline deadlineError
	var network net.Error
	var operation *net.OpError
	switch {
	case errors.As(err, &operation) && operation.Op == "proxyconnect":
		return unreachable("the proxy before it does not: "+innermost(err), "check the proxy", "check proxy-url in "+n.context.File+" and HTTPS_PROXY")
	case errors.As(err, &dns):
		return unreachable("the name "+dns.Name+" is not known", "check the VPN and the network", address)
	case errors.As(err, &deadline):
		return unreachable(deadline.Error(), "check the VPN and the network", "check whether the cluster is overloaded")
	case errors.Is(err, syscall.ECONNREFUSED):
		return unreachable("connection refused", "start the cluster", address)
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return unreachable(innermost(err), "check the VPN and the network", address)
	case errors.As(err, &network) && network.Timeout():
		return unreachable("no answer in time", "check the VPN and the network", "start the cluster", address)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(err.Error(), "client conn could not be established"): // net/http does not export it
		return unreachable("the connection broke", "try again; the cluster may be restarting")
	case errors.As(err, &tls.RecordHeaderError{}), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return unreachable("it does not speak TLS", address+": it may begin with http://", "check the proxy")
	}
	return unreachable(innermost(err), "check the VPN and the network", address)
}

// tellCertificate tells that one side does not trust the certificate of the
// other; nil when that is not what went wrong.
func (n narrator) tellCertificate(err error) *problem.Error {
	untrusted := func(reason string, suggestions ...string) *problem.Error {
		return &problem.Error{
			Code:        problem.CertificateUntrusted,
			Message:     fmt.Sprintf("the certificate of %s is not to be trusted: %s", n.server(), reason),
			Suggestions: suggestions,
		}
	}
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var operation *net.OpError
	switch {
	case errors.As(err, &host):
		return untrusted("it was made for another name",
			"set tls-server-name of the cluster "+n.context.Cluster+" in "+n.context.File+" to a name it was made for")
	case errors.As(err, &authority):
		return untrusted("it was not signed by an authority that the kubeconfig names",
			"fetch the kubeconfig anew: the cluster may have been created again",
			"check whether a company's proxy stands between; its authority must be trusted then")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return untrusted("it has expired or is not yet valid", "check the clock of this machine", "renew the certificates of the cluster")
	case errors.As(err, &invalid), errors.As(err, &verification):
		return untrusted(innermost(err), "renew the certificates of the cluster")
	case errors.As(err, &operation) && operation.Op == "remote error" && strings.Contains(operation.Err.Error(), "certificate"):
		// An alert of the TLS handshake: crypto/tls gives it no other mark.
		return &problem.Error{
			Code:        problem.Unauthorized,
			Message:     fmt.Sprintf("%s does not accept the certificate of the user %s (%v)", n.server(), n.context.User, operation.Err),
			Suggestions: []string{"renew the certificate of the user " + n.context.User + " in " + n.context.File},
		}
	}
	return nil
}

// tellConfiguration tells that no client can be built from the kubeconfig.
func (n narrator) tellConfiguration(err error) error {
	return &problem.Error{
		Code:        problem.KubeconfigInvalid,
		Message:     fmt.Sprintf("the kubeconfig does not say how to connect to %s", n.context.ID),
		Tried:       "reading the context " + n.context.Name + " of " + n.context.File,
		Suggestions: []string{"correct the kubeconfig; it is read again as soon as it is saved"},
		Err:         err,
	}
}

// tellPlugin tells that the credential plugin gave nothing.
func (n narrator) tellPlugin(name string, err error) error {
	return &problem.Error{
		Code:    problem.CredentialPlugin,
		Message: fmt.Sprintf("the credential plugin %s of %s gave no credentials", name, n.context.ID),
		Tried:   "running " + name,
		Suggestions: []string{
			"sign in with the tool of your provider",
			"see whether this works in a terminal: kubectl --context " + strconv.Quote(n.context.Name) + " version",
		},
		Err: err,
	}
}

// tellMissingPlugin tells that the credential plugin is not installed; hint is
// what the kubeconfig says about installing it.
func (n narrator) tellMissingPlugin(name, path, hint string, err error) error {
	suggestions := []string{"install " + name}
	if hint = strings.TrimSpace(hint); hint != "" {
		suggestions = []string{hint}
	}
	return &problem.Error{
		Code:        problem.CredentialPlugin,
		Message:     fmt.Sprintf("the credential plugin %s of %s is not installed", name, n.context.ID),
		Tried:       "looking for " + name + " in PATH (" + path + ")",
		Suggestions: append(suggestions, "if it is installed, make sure that your login shell has its folder in PATH"),
		Err:         err,
	}
}

// innermost gives the last cause alone: what wraps it repeats addresses.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// maxStatusSize bounds what is read of an answer that is not a success.
const maxStatusSize = 64 << 10

// statusError makes an *apierrors.StatusError of an answer that is not a success.
func statusError(method string, res *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxStatusSize)) // what arrives is enough
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" && status.Status != metav1.StatusSuccess {
		status.Code = int32(res.StatusCode)
		return &apierrors.StatusError{ErrStatus: status}
	}
	retryAfter, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date or nothing counts as 0
	err := apierrors.NewGenericServerResponse(res.StatusCode, method, schema.GroupResource{}, "", "", retryAfter, true)
	err.ErrStatus.Message = foreignAnswer(res, body)
	return err
}

// foreignAnswer tells an answer that is no Status of Kubernetes in a few words.
func foreignAnswer(res *http.Response, body []byte) string {
	text := strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode)
	if to, err := url.Parse(res.Header.Get("Location")); err == nil && to.Host != "" {
		return text + ", leads to " + to.Host
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		line, _, _ := bytes.Cut(body, []byte("\n"))
		return text + ": " + presentable(string(line[:min(len(line), 200)]))
	}
	return text
}
