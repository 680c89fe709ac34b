package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// planted stands where a credential would; no text for people may repeat it.
const planted = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl"

func FuzzKubeconfig(f *testing.F) {
	archives, err := filepath.Glob("testdata/contexts/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data))
		}
	}
	f.Add("token: " + planted)
	f.Add("users: [{name: jane, user: {token: {" + planted + ": 1}}}]")
	f.Add("a: &a [*a]")
	f.Add("apiVersion: " + planted + "\nkind: Config")
	folder := f.TempDir()
	stolen := filepath.Join(folder, "stolen")
	script(f, filepath.Join(folder, "steal"), "touch "+stolen)
	f.Fuzz(func(t *testing.T, content string) {
		for _, trusted := range []bool{true, false} {
			file := (&kubeconfig{path: filepath.Join(folder, "config"), added: true, trusted: trusted}).saying([]byte(content))
			if file.saying([]byte(content)) != file {
				t.Error("reading the file twice gives two answers")
			}
			if file.problem != nil && strings.Contains(file.problem.Error(), planted) {
				t.Errorf("the problem repeats a credential: %v", file.problem)
			}
			for _, e := range resolve([]*kubeconfig{file}, nil) {
				if e.context.ID == "" && e.context.Name != "" {
					t.Errorf("the context %q has no id", e.context.Name)
				}
				if e.problem == nil && (e.cluster() == nil || e.user() == nil) {
					t.Errorf("the context %q is thought usable without cluster or user", e.context.ID)
				}
				if !trusted && e.problem == nil && (e.user().Exec != nil || len(e.references()) > 0) {
					t.Errorf("the untrusted context %q may do harm", e.context.ID)
				}
			}
		}
		if _, err := os.Stat(stolen); err == nil {
			t.Fatal("loading a kubeconfig ran a program")
		}
	})
}

func FuzzPluginOutput(f *testing.F) {
	f.Add(credentialJSON(`"token":"x"`))
	f.Add(credentialJSON(`"token":"x","expirationTimestamp":"2026-01-01T00:00:00Z"`))
	f.Add(credentialJSON(`"clientCertificateData":"x","clientKeyData":"x"`))
	f.Add(credentialJSON(`"token":{"` + planted + `":1}`))
	f.Add("")
	f.Fuzz(func(t *testing.T, output string) {
		config := &clientcmdapi.ExecConfig{APIVersion: "client.authentication.k8s.io/v1"}
		c, err := (&plugin{ExecConfig: config}).decode([]byte(output))
		if (c == nil) == (err == nil) {
			t.Fatalf("got %+v and %v", c, err)
		}
		if err != nil && strings.Contains(err.Error(), planted) {
			t.Errorf("the error repeats a credential: %v", err)
		}
		if c != nil && c.token == "" && len(c.cert) == 0 {
			t.Error("there is no credential")
		}
	})
}
