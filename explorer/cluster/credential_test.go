package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pilothouse/explorer/problem"
)

const execV1 = "apiVersion: client.authentication.k8s.io/v1\n"

// execUser is the user of a kubeconfig who signs in with a plugin.
func execUser(command, more string) string {
	return "exec:\n" + indent(execV1+"command: "+command+"\ninteractiveMode: IfAvailable\n"+more)
}

// script writes a program of a few lines of sh and gives its path.
func script(t testing.TB, path, lines string) string {
	t.Helper()
	write(t, path, "#!/bin/sh\n"+lines+"\n")
	return path
}

// credentialJSON is what a plugin prints.
func credentialJSON(status string) string {
	return `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{` + status + `}}`
}

func TestPluginIsFoundWithTheLoginShellsPath(t *testing.T) {
	server := newAPIServer(t, nil)
	folder := t.TempDir()
	script(t, filepath.Join(folder, "bin/sign-in"), `
case "$PATH" in `+folder+`/bin:*) ;; *) echo "PATH is $PATH" >&2; exit 1 ;; esac
[ "$AS $1" = "jane --now" ] || exit 2
case "$KUBERNETES_EXEC_INFO" in *'"server":"`+server.URL+`"'*'"interactive":false'*) ;; *) echo "$KUBERNETES_EXEC_INFO" >&2; exit 3 ;; esac
echo '`+credentialJSON(`"token":"from-the-plugin"`)+`'`)
	asked := 0
	kubeconfig := server.kubeconfig("", execUser("sign-in", "args: [--now]\nenv: [{name: AS, value: jane}]\nprovideClusterInfo: true\n"))
	contexts, cluster, _ := open(t, kubeconfig, func(o *Options, _ *timing) {
		o.Path = func(context.Context) string {
			asked++
			return filepath.Join(folder, "bin")
		}
	})
	if asked != 0 {
		t.Error("the login shell was asked before a plugin was needed")
	}
	mustGet(t, cluster, "/version")
	mustGet(t, cluster, "/version")
	if got := server.last(t).Header.Get("Authorization"); got != "Bearer from-the-plugin" {
		t.Errorf("the server saw %q", got)
	}
	if contexts.settings.loginPath(); asked != 1 {
		t.Errorf("the login shell was asked %d times", asked)
	}
	config, err := cluster.RESTConfig()
	if err != nil || config.BearerToken != "from-the-plugin" {
		t.Errorf("other clients get %q, %v", config.BearerToken, err)
	}
}

func TestPluginBesideTheKubeconfigIsFound(t *testing.T) {
	server := newAPIServer(t, nil)
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, server.kubeconfig("", execUser("./tools/sign-in", "")))
	script(t, filepath.Join(filepath.Dir(path), "tools/sign-in"), "echo '"+credentialJSON(`"token":"beside"`)+"'")
	cluster, err := start(t, Options{Files: []string{path}}, quickTiming()).Open("dev")
	if err != nil {
		t.Fatal(err)
	}
	mustGet(t, cluster, "/version")
	if got := server.last(t).Header.Get("Authorization"); got != "Bearer beside" {
		t.Errorf("the server saw %q", got)
	}
}

func TestPluginIsNotTakenFromWhereWeStand(t *testing.T) {
	t.Chdir(t.TempDir())
	script(t, "bin/sign-in", "exit 0")
	for _, path := range []string{"", ".", "bin", "./bin"} {
		if found, err := lookUp("sign-in", path); err == nil {
			t.Errorf("with the PATH %q it found %s", path, found)
		}
	}
}

func TestPluginMayGiveACertificate(t *testing.T) {
	server := newAPIServer(t, nil)
	certPEM, keyPEM := server.authority.user("jane")
	escape := func(pem string) string { return strings.ReplaceAll(pem, "\n", `\n`) }
	answer := filepath.Join(t.TempDir(), "answer")
	write(t, answer, credentialJSON(`"clientCertificateData":"`+escape(certPEM)+`","clientKeyData":"`+escape(keyPEM)+`"`))
	plugin := script(t, filepath.Join(t.TempDir(), "sign-in"), "cat "+answer)
	_, cluster, _ := open(t, server.kubeconfig("", execUser(plugin, "")))
	mustGet(t, cluster, "/version")
	if got := clientName(server.last(t)); got != "jane" {
		t.Errorf("the server saw %q", got)
	}
}

func TestPluginsThatFailAreTold(t *testing.T) {
	folder := t.TempDir()
	plugin := func(name, lines string) string { return script(t, filepath.Join(folder, name), lines) }
	long := strings.Repeat("t0ken", 40)
	for _, test := range []struct {
		name, user  string
		says        string // in the text with its cause
		suggestions string
	}{{
		name:        "not installed",
		user:        execUser("no-such-plugin", "installHint: \"get it from https://example.com\"\n"),
		says:        "the credential plugin no-such-plugin of dev is not installed",
		suggestions: "get it from https://example.com",
	}, {
		name:        "fails",
		user:        execUser(plugin("fails", "echo 'session expired, run: sign-in' >&2; exit 7"), ""),
		says:        "exit status 7: session expired, run: sign-in",
		suggestions: "kubectl --context \"dev\" version",
	}, {
		name: "talks too much",
		user: execUser(plugin("talks", "echo 'refresh token "+long+" refused' >&2; exit 1"), ""),
		says: "refresh token ... refused",
	}, {
		name: "prints nonsense",
		user: execUser(plugin("nonsense", "echo "+long), ""),
		says: "it printed no ExecCredential",
	}, {
		name: "prints without end",
		user: execUser(plugin("endless", "exec cat /dev/zero"), ""),
		says: "gave no credentials",
	}, {
		name: "gives nothing",
		user: execUser(plugin("nothing", "echo '"+credentialJSON("")+"'"), ""),
		says: "it gave neither token nor certificate",
	}, {
		name: "gives half a certificate",
		user: execUser(plugin("half", "echo '"+credentialJSON(`"clientKeyData":"x"`)+"'"), ""),
		says: "it gave a certificate or a key, not both",
	}, {
		name: "speaks another version",
		user: execUser(plugin("beta", "echo '"+strings.Replace(credentialJSON(`"token":"x"`), "/v1", "/v1beta1", 1)+"'"), ""),
		says: "it printed a ExecCredential of client.authentication.k8s.io/v1beta1",
	}, {
		name: "of an old version",
		user: strings.Replace(execUser("sign-in", ""), "/v1", "/v1alpha1", 1),
		says: "which Kubernetes knows no more",
	}, {
		name: "needs a terminal",
		user: strings.Replace(execUser("sign-in", ""), "IfAvailable", "Always", 1),
		says: "it needs a terminal",
	}} {
		t.Run(test.name, func(t *testing.T) {
			_, cluster, _ := open(t, kubeconfigFor("https://127.0.0.1:1", "", test.user))
			_, err := get(t, cluster, "/version")
			p := problemOf(t, err, problem.CredentialPlugin)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, want it to say %q", err, test.says)
			}
			if suggestions := strings.Join(p.Suggestions, "\n"); !strings.Contains(suggestions, test.suggestions) {
				t.Errorf("it suggests %q", suggestions)
			}
			if strings.Contains(fmt.Sprintf("%+v", p.Detail()), long) {
				t.Error("what may be a token is told")
			}
			if got := cluster.Status().State; got != StateUnauthorized {
				t.Errorf("the cluster is %s, want %s", got, StateUnauthorized)
			}
		})
	}
}

func TestPluginThatHangsIsEndedWithItsChildren(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// The plugin and its child both hold the FIFO open for as long as they live.
	plugin := script(t, filepath.Join(t.TempDir(), "hangs"), "exec 3> "+fifo+"; echo begun >&3; sleep 1000 & wait")
	_, cluster, _ := open(t, kubeconfigFor("https://127.0.0.1:1", "", execUser(plugin, "")), func(_ *Options, timing *timing) {
		timing.plugin = 2 * time.Second
	})
	held := make(chan string, 1)
	go func() {
		content, err := os.ReadFile(fifo) // to its end, when nobody holds it any more
		if err != nil {
			t.Error(err)
		}
		held <- string(content)
	}()
	_, err := get(t, cluster, "/version")
	problemOf(t, err, problem.CredentialPlugin)
	if !strings.Contains(err.Error(), "no answer within 2s") {
		t.Errorf("got %v", err)
	}
	select {
	case content := <-held:
		if content != "begun\n" {
			t.Errorf("the plugin did not begin: %q", content)
		}
	case <-time.After(patience):
		t.Error("the plugin or its child lives")
	}
}

func TestCallerNeedNotWaitForThePlugin(t *testing.T) {
	plugin := script(t, filepath.Join(t.TempDir(), "hangs"), "exec sleep 1000")
	_, cluster, _ := open(t, kubeconfigFor("https://127.0.0.1:1", "", execUser(plugin, "")))
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := cluster.Get(ctx, "/version", nil, "application/json"); err == nil {
		t.Error("it answered")
	}
	// Closing the contexts, when the test ends, ends the plugin.
}

func TestRefusedAndExpiredCredentialsAreRenewed(t *testing.T) {
	for _, test := range []struct {
		name   string
		expiry func() string
		accept string // the token that the server accepts
	}{
		{"refused", func() string { return "" }, "Bearer token-2"},
		{"expired", func() string {
			return `,"expirationTimestamp":"` + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + `"`
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
				if test.accept != "" && r.Header.Get("Authorization") != test.accept {
					refuse(401, "Unauthorized", "Unauthorized", "")(w, r)
					return
				}
				answerVersion(w)
			})
			runs := filepath.Join(t.TempDir(), "runs")
			plugin := script(t, filepath.Join(t.TempDir(), "sign-in"), "echo >> "+runs+`
n=$(wc -l < `+runs+`)
echo '`+credentialJSON(`"token":"token-'$n'"`+test.expiry())+"'")
			_, cluster, _ := open(t, server.kubeconfig("", execUser(plugin, "")))
			mustGet(t, cluster, "/version")
			mustGet(t, cluster, "/version")
			if got := server.last(t).Header.Get("Authorization"); got != "Bearer token-2" {
				t.Errorf("the server saw %q", got)
			}
			if got := cluster.Status().State; got != StateReady {
				t.Errorf("the cluster is %s", got)
			}
		})
	}
}

func TestFailedPluginRestsUntilRetry(t *testing.T) {
	server := newAPIServer(t, nil)
	folder := t.TempDir()
	plugin := script(t, filepath.Join(folder, "sign-in"), "echo >> "+folder+"/runs; [ -e "+folder+"/signed-in ] && echo '"+credentialJSON(`"token":"x"`)+"'")
	_, cluster, _ := open(t, server.kubeconfig("", execUser(plugin, "")), func(_ *Options, timing *timing) {
		timing.pluginPause = time.Hour
	})
	for range 3 {
		_, err := get(t, cluster, "/version")
		problemOf(t, err, problem.CredentialPlugin)
	}
	if runs, err := os.ReadFile(folder + "/runs"); err != nil || len(runs) != 1 {
		t.Errorf("it ran %d times, %v", len(runs), err)
	}
	write(t, folder+"/signed-in", "")
	cluster.Retry()
	mustGet(t, cluster, "/version")
}

func TestUntrustedFileRunsNothing(t *testing.T) {
	folder := t.TempDir()
	plugin := script(t, filepath.Join(folder, "steal"), "touch "+folder+"/stolen")
	write(t, folder+"/download", kubeconfigFor("https://127.0.0.1:1", "", execUser(plugin, "")))
	contexts := start(t, Options{Files: []string{}}, quickTiming())
	if err := contexts.AddFile(folder+"/download", false); err != nil {
		t.Fatal(err)
	}
	cluster, err := contexts.Open("dev")
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Hold()()
	_, err = get(t, cluster, "/version")
	problemOf(t, err, problem.Untrusted)
	_, err = cluster.RESTConfig()
	problemOf(t, err, problem.Untrusted)
	if got := cluster.Status().State; got != StateInvalid {
		t.Errorf("the cluster is %s", got)
	}
	cluster.Retry()
	if _, err := os.Stat(folder + "/stolen"); err == nil {
		t.Fatal("the plugin of the untrusted file ran")
	}

	if err := contexts.AddFile(folder+"/download", true); err != nil {
		t.Fatal(err)
	}
	_, err = get(t, cluster, "/version")
	problemOf(t, err, problem.CredentialPlugin) // it prints nothing, but it runs
	if _, err := os.Stat(folder + "/stolen"); err != nil {
		t.Error("the plugin of the trusted file did not run")
	}
}
