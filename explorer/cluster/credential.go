package cluster

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/pkg/apis/clientauthentication"
	clientauthenticationv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Bounds on what a plugin may write.
const (
	maxCredentialSize = 1 << 20
	maxComplaintSize  = 4 << 10
)

// plugin is an exec credential plugin, by the rules of
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
// client-go's own runner has no deadline, keeps credentials for the life of the
// process and sends what the plugin complains of to our standard error; this one
// ends with its context, and the complaint reaches the person.
type plugin struct {
	*clientcmdapi.ExecConfig
	cluster *clientauthentication.Cluster // nil unless the kubeconfig has it told
	err     error                         // why cluster cannot be told
}

// pluginOf gives the plugin to run for a configuration; nil when it has none or
// has other credentials, which then win.
func pluginOf(config *rest.Config) *plugin {
	others := config.BearerToken != "" || config.BearerTokenFile != "" || config.Username != "" ||
		config.CertFile != "" || len(config.CertData) > 0
	if config.ExecProvider == nil || others {
		return nil
	}
	p := &plugin{ExecConfig: config.ExecProvider}
	if p.ProvideClusterInfo {
		p.cluster, p.err = rest.ConfigToExecCluster(config)
	}
	return p
}

// credential is what a plugin answers.
type credential struct {
	token     string
	cert, key []byte
	expires   time.Time // zero when it did not say
}

func (c *credential) apply(config *rest.Config) {
	config.BearerToken = c.token
	config.CertData, config.KeyData = c.cert, c.key
}

// renewAt is when to run the plugin again; not before earliest, lest a plugin
// that answers stale credentials runs for every request.
func (c *credential) renewAt(earliest time.Time) time.Time {
	if !c.expires.IsZero() && c.expires.Before(earliest) {
		return earliest
	}
	return c.expires
}

// run runs the plugin. Its errors are *problem.Error.
func (p *plugin) run(ctx context.Context, n narrator, s *settings) (*credential, error) {
	name := filepath.Base(p.Command)
	input, err := p.input()
	if err != nil {
		return nil, n.tellPlugin(name, err)
	}
	path := searchPath(s.loginPath())
	command, err := lookUp(p.Command, path)
	if err != nil {
		return nil, n.tellMissingPlugin(name, path, p.InstallHint, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timing.plugin, deadlineError{s.timing.plugin})
	defer cancel()
	output := &head{max: maxCredentialSize}
	complaint := &tail{max: maxComplaintSize}
	cmd := exec.CommandContext(ctx, command, p.Args...)
	inOwnGroup(cmd)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "PATH="+path)
	for _, v := range p.Env {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Env = append(cmd.Env, "KUBERNETES_EXEC_INFO="+string(input))
	cmd.Stdout, cmd.Stderr = output, complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, n.tellPlugin(name, complain(err, string(complaint.kept)))
	}
	c, err := p.decode(output.kept)
	if err != nil {
		return nil, n.tellPlugin(name, err)
	}
	return c, nil
}

// input is what the plugin reads from KUBERNETES_EXEC_INFO. The versions v1 and
// v1beta1 have the same form.
func (p *plugin) input() ([]byte, error) {
	switch p.APIVersion {
	case "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1":
	default:
		return nil, fmt.Errorf("the kubeconfig asks for its version %q, which Kubernetes knows no more; write it anew with the tool of your provider", p.APIVersion)
	}
	if p.InteractiveMode == clientcmdapi.AlwaysExecInteractiveMode {
		return nil, errors.New("it needs a terminal to ask questions in")
	}
	if p.err != nil {
		return nil, p.err
	}
	info := clientauthenticationv1.ExecCredential{}
	info.APIVersion, info.Kind = p.APIVersion, "ExecCredential"
	if p.cluster != nil {
		info.Spec.Cluster = &clientauthenticationv1.Cluster{}
		err := clientauthenticationv1.Convert_clientauthentication_Cluster_To_v1_Cluster(p.cluster, info.Spec.Cluster, nil)
		if err != nil {
			return nil, fmt.Errorf("describing the cluster to it: %w", err)
		}
	}
	return json.Marshal(info)
}

// decode reads what the plugin printed.
func (p *plugin) decode(output []byte) (*credential, error) {
	var answer clientauthenticationv1.ExecCredential
	if err := json.Unmarshal(output, &answer); err != nil {
		return nil, errors.New("it printed no ExecCredential") // err may quote a token
	}
	if answer.APIVersion != p.APIVersion || answer.Kind != "ExecCredential" {
		return nil, fmt.Errorf("it printed a %s of %s where an ExecCredential of %s was asked for",
			cmp.Or(answer.Kind, "thing"), cmp.Or(answer.APIVersion, "no version"), p.APIVersion)
	}
	s := answer.Status
	if s == nil || s.Token == "" && s.ClientCertificateData == "" && s.ClientKeyData == "" {
		return nil, errors.New("it gave neither token nor certificate")
	}
	if (s.ClientCertificateData == "") != (s.ClientKeyData == "") {
		return nil, errors.New("it gave a certificate or a key, not both")
	}
	c := &credential{token: s.Token, cert: []byte(s.ClientCertificateData), key: []byte(s.ClientKeyData)}
	if len(c.cert) > 0 {
		if _, err := tls.X509KeyPair(c.cert, c.key); err != nil {
			return nil, fmt.Errorf("it gave a certificate that does not hold: %w", err)
		}
	}
	if s.ExpirationTimestamp != nil {
		c.expires = s.ExpirationTimestamp.Time
	}
	return c, nil
}

// searchPath is the login shell's PATH, then that of the process.
func searchPath(login string) string {
	own := os.Getenv("PATH")
	if login == "" || login == own {
		return own
	}
	return login + string(filepath.ListSeparator) + own
}

// lookUp finds a program in the folders of path. A command with a slash is taken
// as it stands: client-go made it absolute. Folders that are not absolute do not
// count; what runs must not depend on where we stand.
func lookUp(command, path string) (string, error) {
	if strings.ContainsRune(command, filepath.Separator) {
		return exec.LookPath(command)
	}
	for _, folder := range filepath.SplitList(path) {
		if !filepath.IsAbs(folder) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(folder, command)); err == nil {
			return found, nil
		}
	}
	return "", exec.ErrNotFound
}
