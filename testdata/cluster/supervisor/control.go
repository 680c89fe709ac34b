package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"pilothouse/testdata/cluster/config"
)

const (
	lockFile   = "lock"
	pidFile    = "pid"
	socketFile = "control.sock"
)

// Status is how a program is, told by the supervisor.
type Status struct {
	Name  string    `json:"name"`
	State State     `json:"state"`
	Since time.Time `json:"since"`
	// Manual tells that the program runs only when it is asked for.
	Manual bool `json:"manual,omitempty"`
	// PID is the process in the cluster's pid namespace.
	PID   int    `json:"pid,omitempty"`
	Error string `json:"error,omitempty"`
}

// throughFolder calls use with a short path to a file of the state folder: a socket's path has no more than 107 bytes.
func throughFolder(cluster *config.Cluster, name string, use func(path string) error) error {
	folder, err := os.Open(cluster.State)
	if err != nil {
		return err
	}
	defer folder.Close()
	return use(filepath.Join("/proc/self/fd", fmt.Sprint(folder.Fd()), name))
}

func listen(ctx context.Context, cluster *config.Cluster) (listener net.Listener, err error) {
	err = throughFolder(cluster, socketFile, func(path string) error {
		listener, err = new(net.ListenConfig).Listen(ctx, "unix", path)
		return err
	})
	if err != nil {
		return nil, err
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false) // the short path ends here
	return listener, nil
}

// server answers the commands. What they start lives as long as ctx, not as long as the request.
func (s *supervisor) server(ctx context.Context) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(s.status()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	for name, act := range map[string]func(context.Context, *supervised) error{
		"start":   s.start,
		"stop":    s.stop,
		"restart": s.restart,
	} {
		mux.HandleFunc("POST /"+name+"/{program}", func(w http.ResponseWriter, r *http.Request) {
			p := s.find(r.PathValue("program"))
			if p == nil {
				http.Error(w, fmt.Sprintf("there is no program %q", r.PathValue("program")), http.StatusNotFound)
				return
			}
			if err := act(ctx, p); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	mux.HandleFunc("POST /compact", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.compact(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
}

func (s *supervisor) status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Status
	for _, p := range s.programs {
		all = append(all, Status{Name: p.Name, State: p.state, Since: p.since, Manual: p.Manual, PID: p.pid, Error: text(p.err)})
	}
	return all
}

// compact makes etcd forget every revision but the present one, and the API server too: it keeps the last minutes' events
// and lists for itself, until it is started anew.
func (s *supervisor) compact(ctx context.Context) error {
	var present struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	if err := s.etcd(ctx, "/v3/kv/range", map[string]any{"key": "AA=="}, &present); err != nil {
		return fmt.Errorf("asking etcd for its revision: %w", err)
	}
	if err := s.etcd(ctx, "/v3/kv/compaction", map[string]any{"revision": present.Header.Revision, "physical": true}, nil); err != nil {
		return fmt.Errorf("compacting etcd to revision %s: %w", present.Header.Revision, err)
	}
	return s.restart(ctx, s.find(ControlPlane))
}

func (s *supervisor) etcd(ctx context.Context, path string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d%s", s.cluster.Ports.EtcdClient, path)
	return post(ctx, http.DefaultClient, url, body, answer)
}

func post(ctx context.Context, client *http.Client, url string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(string(bytes.TrimSpace(data)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}
