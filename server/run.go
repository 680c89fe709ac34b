package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"k8s.io/klog/v2"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/tree"
	"pilothouse/server/logging"
	"pilothouse/server/socket"
)

const (
	// DefaultIdle is how long a daemon that nobody uses goes on.
	DefaultIdle = 15 * time.Minute

	// handover is how long a new daemon waits for an old one that is ending.
	handover = 10 * time.Second

	logSize  = 10 << 20
	logsKept = 3
)

// RunOptions say how the daemon's process runs.
type RunOptions struct {
	// Socket is where it listens; "" means socket.Path().
	Socket string
	// Idle is how long it goes on without a session; 0 means for ever.
	Idle time.Duration
	// Detached is set by Connect for the daemon that it starts: standard output tells
	// when a client can connect, and another daemon at the socket is no failure.
	Detached bool
	// LogFile is its log; "" means LogPath().
	LogFile string
	// LogLevel is what it writes there until a client says otherwise.
	LogLevel slog.Level
}

// Run is the daemon's process: it serves at the socket until ctx ends, a client
// ends it, or it has been idle. It takes over klog's output.
func Run(ctx context.Context, o RunOptions) error {
	if o.Socket == "" {
		path, err := socket.Path()
		if err != nil {
			return err
		}
		o.Socket = path
	}
	if o.LogFile == "" {
		o.LogFile = LogPath()
	}
	listener, err := listen(ctx, o.Socket)
	if errors.Is(err, socket.ErrRunning) && o.Detached {
		_, err := fmt.Fprintln(os.Stdout, yieldedWord)
		return err
	}
	if err != nil {
		return err
	}
	defer listener.Close()
	return o.serve(ctx, listener)
}

// listen takes the socket, and waits for that while the daemon that has it
// answers nobody any more.
func listen(ctx context.Context, path string) (net.Listener, error) {
	patient, cancel := context.WithTimeout(ctx, handover)
	defer cancel()
	for {
		listener, err := socket.Listen(path)
		if err == nil {
			return listener, nil
		}
		if !errors.Is(err, socket.ErrRunning) || patient.Err() != nil {
			return nil, err
		}
		if conn, dialError := socket.Dial(patient, path); dialError == nil {
			conn.Close()
			return nil, err
		}
		pause(patient, 5*time.Millisecond)
	}
}

func (o RunOptions) serve(ctx context.Context, listener net.Listener) error {
	file, err := logging.OpenFile(o.LogFile, logSize, logsKept)
	if err != nil {
		return err
	}
	defer file.Close()
	book, log := logging.NewBook(file, o.LogLevel)
	klog.SetSlogLogger(log.With("from", "client-go"))

	engine, closeEngine, err := liveEngine(ctx, usersClusters(), log)
	if err != nil {
		return err
	}
	defer closeEngine()
	daemon := NewDaemon(engine, DaemonOptions{Idle: o.Idle, Socket: o.Socket, LogFile: o.LogFile, Log: log, Book: book})
	log.Info("daemon began", "version", daemon.options.Version, "pid", os.Getpid(), "socket", o.Socket)
	defer log.Info("daemon ends")
	if o.Detached {
		if err := announce(); err != nil {
			return err
		}
	}
	return daemon.Serve(ctx, listener)
}

// announce tells the client that started the daemon that it can connect.
func announce() error {
	if _, err := fmt.Fprintln(os.Stdout, readyWord); err != nil {
		return fmt.Errorf("telling that the daemon is ready: %w", err)
	}
	return leaveStdout()
}

// usersClusters are the contexts of the user's kubeconfig files, and what the user
// chose is remembered.
func usersClusters() cluster.Options { return cluster.Options{StateFile: clustersPath()} }

// liveEngine opens the features over clusters.
func liveEngine(ctx context.Context, clusters cluster.Options, log *slog.Logger) (engine Engine, end func(), err error) {
	clusters.Path, clusters.Log, clusters.UserAgent = cluster.LoginPath, log, "pilothouse/"+Version()
	contexts, err := cluster.New(ctx, clusters)
	if err != nil {
		return Engine{}, nil, err
	}
	explorer := tree.New(ctx, contexts, log)
	end = func() {
		explorer.Close()
		contexts.Close()
	}
	return NewEngine(contexts, explorer), end, nil
}
