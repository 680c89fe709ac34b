package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"pilothouse/explorer/problem"
	"pilothouse/server/socket"
	"pilothouse/server/wire"
)

// mostStarts is how often Connect starts a daemon that does not live to answer.
const mostStarts = 3

// ConnectOptions say how to find the daemon.
type ConnectOptions struct {
	// Socket is where it listens; "" means socket.Path().
	Socket string
	// Name is what the client calls itself, for example "pilothouse tree".
	Name string
	// Version is the client's build; "" means Version().
	Version string
	// Command starts a daemon that listens at Socket, as an argument vector; nil
	// means this executable with serve --detached --socket and the path.
	Command []string
	// Patience is how long to wait for a daemon that is being started; 0 means 20 seconds.
	Patience time.Duration
	// Log tells of daemons that are started and replaced. Nil discards it.
	Log *slog.Logger
}

// Connect begins a session with the user's daemon, and starts the daemon where
// there is none. A daemon of an older build that nobody else uses is replaced; one
// that others use is taken while it speaks the same contract. Its errors are
// *problem.Error, or ctx's. The caller closes the client.
func Connect(ctx context.Context, o ConnectOptions) (*Client, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	patient, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	for starts := 0; ; {
		client, err := o.attempt(patient)
		if isAbsent(err) && starts < mostStarts {
			starts++
			err = o.start(patient)
		}
		switch {
		case client != nil:
			return client, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case patient.Err() != nil || isAbsent(err):
			return nil, o.noAnswer(err)
		case err != nil:
			return nil, notConnected(err)
		}
		// A daemon was started, or an older one has made room.
	}
}

func (o ConnectOptions) withDefaults() (ConnectOptions, error) {
	if o.Socket == "" {
		path, err := socket.Path()
		if err != nil {
			return o, notConnected(err)
		}
		o.Socket = path
	}
	if o.Version == "" {
		o.Version = Version()
	}
	if o.Command == nil {
		self, err := os.Executable()
		if err != nil {
			return o, notConnected(fmt.Errorf("finding this executable: %w", err))
		}
		o.Command = []string{self, "serve", "--detached", "--socket", o.Socket}
	}
	if o.Patience == 0 {
		o.Patience = 20 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// attempt connects to a daemon that runs. It answers no client and no error when
// an older daemon makes room.
func (o ConnectOptions) attempt(ctx context.Context) (*Client, error) {
	conn, err := socket.Dial(ctx, o.Socket)
	if err != nil {
		return nil, err
	}
	client := newClient(ctx, conn, func() {})
	stopping, err := o.agree(ctx, client)
	if err == nil && stopping {
		awaitEnd(ctx, client)
		return nil, ctx.Err()
	}
	if err == nil {
		err = client.initialize(ctx, o.Name, o.Version, kubeconfig())
	}
	if err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// agree exchanges versions, before anything else is said. It tells that the daemon
// is stopping when that was an older build which nobody else uses.
func (o ConnectOptions) agree(ctx context.Context, client *Client) (stopping bool, err error) {
	client.daemon, err = Ask(ctx, client, wire.DaemonInfo, wire.None{})
	if err != nil {
		return false, err
	}
	if newer(o.Version, client.daemon.Version) {
		answer, err := Ask(ctx, client, wire.DaemonShutdown, wire.ShutdownParams{IfIdle: true})
		if err == nil && answer.Stopping {
			o.Log.Info("the running daemon makes room for a newer build", "old", client.daemon.Version, "new", o.Version)
			return true, nil
		}
		o.Log.Info("the running daemon is older, and others use it", "old", client.daemon.Version, "new", o.Version)
	}
	if client.daemon.Contract != wire.ContractVersion {
		return false, otherContract("this program", wire.ContractVersion, client.daemon.Version, client.daemon.Contract)
	}
	return false, nil
}

// awaitEnd waits until the daemon has hung up.
func awaitEnd(ctx context.Context, client *Client) {
	select {
	case <-client.Done():
	case <-ctx.Done():
	}
	client.Close()
}

// otherContract tells a person that client and daemon cannot talk, and what helps.
func otherContract(client string, clientContract int, daemonVersion string, daemonContract int) *problem.Error {
	return &problem.Error{
		Code: problem.DaemonVersion,
		Message: fmt.Sprintf("%s speaks version %d of Pilothouse's protocol and the running daemon (%s) version %d",
			client, clientContract, daemonVersion, daemonContract),
		Suggestions: []string{
			"close the other editors that use Pilothouse and try again: the daemon starts anew from the newer build",
			"bring the extensions of all editors to the same version",
		},
	}
}

// isAbsent tells whether there is no daemon to talk to, or one that is ending.
func isAbsent(err error) bool {
	told, ok := errors.AsType[*problem.Error](err)
	return ok && told.Code == problem.Gone || errors.Is(err, socket.ErrAbsent)
}

func notConnected(err error) error {
	if told, ok := errors.AsType[*problem.Error](err); ok {
		return told
	}
	return &problem.Error{
		Code:        problem.Internal,
		Message:     "the daemon cannot be reached",
		Suggestions: []string{"pilothouse doctor tells what is wrong with the set-up"},
		Err:         err,
	}
}

func (o ConnectOptions) noAnswer(err error) error {
	return &problem.Error{
		Code:        problem.Internal,
		Message:     fmt.Sprintf("the daemon was started and did not answer within %v", o.Patience),
		Tried:       "connecting to " + o.Socket,
		Suggestions: []string{"look into its log: " + LogPath(), "pilothouse doctor tells what is wrong with the set-up"},
		Err:         err,
	}
}

// kubeconfig gives the files of this process's KUBECONFIG as absolute paths.
func kubeconfig() []string {
	var paths []string
	for _, path := range filepath.SplitList(os.Getenv("KUBECONFIG")) {
		if absolute, err := filepath.Abs(path); path != "" && err == nil {
			paths = append(paths, absolute)
		}
	}
	return paths
}
