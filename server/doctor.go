package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/server/socket"
	"pilothouse/server/wire"
)

const (
	// reachPatience is how long the doctor waits for an API server.
	reachPatience = 10 * time.Second
	// reachAtOnce is how many API servers it asks at the same time.
	reachAtOnce = 8
)

// CheckSetup looks at what the daemon needs of this machine: the folder of its
// socket and its log. "" skips what a daemon does without. It needs no daemon.
func CheckSetup(socketPath, logPath string) []wire.Finding {
	var findings []wire.Finding
	if socketPath != "" {
		findings = append(findings, checkSocket(socketPath))
	}
	if logPath != "" {
		findings = append(findings, checkLog(logPath))
	}
	return findings
}

func checkSocket(path string) wire.Finding {
	folder := filepath.Dir(path)
	switch err := socket.CheckFolder(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fine("socket", "no daemon has run here yet; its socket will be "+path)
	case err != nil:
		return failed("socket", &problem.Error{
			Code:        problem.Internal,
			Message:     "the daemon cannot use the folder of its socket",
			Tried:       "looking at " + folder,
			Suggestions: []string{"remove " + folder + " if it is yours", "close it to others: chmod 700 " + folder},
			Err:         err,
		})
	}
	return fine("socket", "the daemon's socket is "+path+", and only you may use it")
}

func checkLog(path string) wire.Finding {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return fine("log", "no log has been written yet; it will be "+path)
	}
	if err != nil {
		return failed("log", &problem.Error{
			Code: problem.Internal, Message: "the daemon cannot write its log", Tried: "opening " + path, Err: err,
		})
	}
	file.Close()
	return fine("log", "the log is "+path)
}

// checkClusters looks at every kubeconfig file and asks every API server.
func (d *Daemon) checkClusters(ctx context.Context, tell func(string)) []wire.Finding {
	tell("reading kubeconfig")
	findings := checkFiles(d.engine.Clusters.Files())
	contexts := d.engine.Clusters.List()
	if len(contexts) == 0 {
		return append(findings, warned("contexts", &problem.Error{
			Code:        problem.ContextUnknown,
			Message:     "no kubeconfig file defines a context, so there is no cluster to show",
			Suggestions: []string{"set KUBECONFIG, or add a file with pilothouse.addKubeconfig"},
		}))
	}
	tell(fmt.Sprintf("asking the API server of each context (%d)", len(contexts)))
	return append(findings, d.checkContexts(ctx, contexts)...)
}

func checkFiles(files []cluster.File) []wire.Finding {
	var findings []wire.Finding
	for _, f := range files {
		finding := fine("kubeconfig", f.Path+" is read")
		switch {
		case f.Problem != nil:
			finding = wire.Finding{Check: "kubeconfig", Level: wire.LevelError, Message: f.Problem.Message, Problem: f.Problem}
		case !f.Trusted:
			finding.Message += "; it is not trusted, so its credential plugins are not run"
		}
		findings = append(findings, finding)
	}
	return findings
}

// checkContexts gives a finding for each context, in their order.
func (d *Daemon) checkContexts(ctx context.Context, contexts []cluster.Context) []wire.Finding {
	findings := make([]wire.Finding, len(contexts))
	places := make(chan struct{}, reachAtOnce)
	var asked sync.WaitGroup
	for i, c := range contexts {
		places <- struct{}{}
		asked.Go(func() {
			defer func() { <-places }()
			findings[i] = d.checkContext(ctx, c)
		})
	}
	asked.Wait()
	return findings
}

func (d *Daemon) checkContext(ctx context.Context, c cluster.Context) wire.Finding {
	if c.Problem != nil {
		return wire.Finding{Check: "context", Level: wire.LevelError, Message: c.Problem.Message, Problem: c.Problem}
	}
	ctx, cancel := context.WithTimeout(ctx, reachPatience)
	defer cancel()
	version, err := d.engine.Clusters.Reach(ctx, c.ID)
	if errors.Is(err, context.DeadlineExceeded) {
		err = &problem.Error{
			Code:    problem.Unreachable,
			Message: fmt.Sprintf("the API server of %s did not answer within %v", c.ID, reachPatience),
			Tried:   "asking " + c.Server,
			Err:     err,
		}
	}
	if err != nil {
		p := problem.Of(err)
		return warned("context", &problem.Error{
			Code: p.Code, Message: c.ID + ": " + p.Message, Tried: p.Tried, Suggestions: p.Suggestions, Err: p.Err,
		})
	}
	return fine("context", fmt.Sprintf("%s answers: Kubernetes %s at %s", c.ID, version, c.Server))
}

func fine(check, message string) wire.Finding {
	return wire.Finding{Check: check, Level: wire.LevelOK, Message: message}
}

func warned(check string, p *problem.Error) wire.Finding {
	return wire.Finding{Check: check, Level: wire.LevelWarning, Message: p.Message, Problem: p.Detail()}
}

func failed(check string, p *problem.Error) wire.Finding {
	return wire.Finding{Check: check, Level: wire.LevelError, Message: p.Message, Problem: p.Detail()}
}
