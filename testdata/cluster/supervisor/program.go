// Package supervisor runs the programs of a cluster: it starts them in order, tells how they are, stops and starts single
// ones for fault tests, and takes all of them with it when it ends.
package supervisor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pilothouse/testdata/cluster/config"
)

// Program is one process of the cluster.
type Program struct {
	Name string
	Path string
	Args []string
	Env  []string
	// After names the programs that must be open first.
	After []string
	// Open tells whether the programs that come after may start; without it they may when this one is ready.
	Open func(context.Context) error
	// Ready tells whether the program does its work.
	Ready func(context.Context) error
	// Manual leaves the program stopped until it is asked for.
	Manual bool
}

// deadline is how long a program may take to be ready after it was started.
const deadline = time.Minute

// spawn starts the program with its log as output. The caller reaps it. extra is inherited as the fourth file.
func (p *Program) spawn(cluster *config.Cluster, extra *os.File) (pid int, err error) {
	log, err := os.OpenFile(cluster.Log(p.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	files := []*os.File{nil, log, log}
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if extra != nil {
		// Without a pid namespace this is what lets no program outlive the supervisor. The signal comes when the thread
		// that started the program ends, and Go ends no thread that no goroutine is locked to.
		attributes.Pdeathsig = syscall.SIGKILL
		files = append(files, extra)
	}
	name := p.Path
	if name == self {
		name = selfName
	}
	process, err := os.StartProcess(p.Path, append([]string{name}, p.Args...), &os.ProcAttr{
		Dir: cluster.State, Files: files, Sys: attributes, Env: append(environment(cluster), p.Env...),
	})
	if err != nil {
		return 0, err
	}
	pid = process.Pid
	return pid, process.Release()
}

// environment is small, so that nothing of the caller's decides how the cluster behaves.
func environment(cluster *config.Cluster) []string {
	path := append(slices.Clone(cluster.Programs), "/usr/sbin", "/usr/bin", "/sbin", "/bin")
	return []string{"PATH=" + strings.Join(path, ":"), "HOME=" + cluster.File("run"), "TMPDIR=" + cluster.File("tmp")}
}

// find returns the path of a program in the folders of built ones.
func find(cluster *config.Cluster, name string) (string, error) {
	for _, folder := range cluster.Programs {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no %s in %v", name, cluster.Programs)
}

// asker asks the servers on this machine how they are.
type asker struct {
	client *http.Client
}

// newAsker trusts the cluster's own servers.
func newAsker(cluster *config.Cluster) (asker, error) {
	authority, err := os.ReadFile(cluster.File("pki", "ca.crt"))
	if err != nil {
		return asker{}, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	return asker{&http.Client{Transport: transport}}, nil
}

func (a asker) get(ctx context.Context, url string) (status string, ok bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", false, err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return "", false, err
	}
	return response.Status, response.StatusCode == http.StatusOK, response.Body.Close()
}

// succeeds returns a check that a URL answers 200.
func (a asker) succeeds(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		status, ok, err := a.get(ctx, url)
		if err == nil && !ok {
			err = fmt.Errorf("%s answers %s", url, status)
		}
		return err
	}
}

// answers returns a check that a URL answers anything.
func (a asker) answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, _, err := a.get(ctx, url)
		return err
	}
}

// listens returns a check that a Unix socket accepts connections.
func listens(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err != nil {
			return err
		}
		return connection.Close()
	}
}
