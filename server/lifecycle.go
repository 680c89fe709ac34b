package server

import (
	"context"
	"slices"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/server/wire"
)

// initialize begins the session. It is answered on the read loop, so that nothing
// the client sends after it overtakes it.
func (c call) initialize(ctx context.Context, p *protocol.InitializeParams) (any, error) {
	var options wire.InitializationOptions
	if err := decode(p.InitializationOptions, &options); err != nil {
		return nil, err
	}
	if err := c.checkContract(options); err != nil {
		return nil, err
	}
	c.introduce(p.ClientInfo, options)
	c.settings.begin(p.Capabilities, options.Settings)
	c.readKubeconfig(ctx, options.Kubeconfig)
	c.phase = phaseRunning
	return c.daemon.welcome()
}

func (c call) checkContract(o wire.InitializationOptions) error {
	if o.Contract == 0 || o.Contract == wire.ContractVersion {
		return nil
	}
	return otherContract("the editor's extension", o.Contract, c.daemon.options.Version, wire.ContractVersion)
}

// introduce keeps who the client says it is, for the log and daemon/info.
func (c call) introduce(client protocol.ClientInfo, o wire.InitializationOptions) {
	name := client.Name
	if version, ok := client.Version.Get(); ok {
		name += " " + version
	}
	c.mu.Lock()
	c.name = name
	c.mu.Unlock()
	c.log.Info("session began", "client", name, "build", o.Version)
}

// readKubeconfig reads what the client's own environment names and the daemon's does not.
// What cannot be read is the person's to know, but no reason to end the session.
func (c call) readKubeconfig(ctx context.Context, paths []string) {
	for _, path := range paths {
		if err := c.daemon.engine.Clusters.UseFile(path, true); err != nil {
			c.show(ctx, protocol.MessageTypeWarning, problem.Of(err))
		}
	}
}

func (s *session) knowsKubeconfig(path string) bool {
	return slices.ContainsFunc(s.daemon.engine.Clusters.Files(), func(f cluster.File) bool { return f.Path == path })
}

// welcome tells what the daemon offers. Nothing stands in it that is not there.
func (d *Daemon) welcome() (*protocol.InitializeResult, error) {
	experimental, err := encode(map[string]wire.Experimental{"pilothouse": {Contract: wire.ContractVersion}})
	if err != nil {
		return nil, err
	}
	return &protocol.InitializeResult{
		ServerInfo: protocol.ServerInfo{Name: "pilothouse", Version: protocol.NewOptional(d.options.Version)},
		Capabilities: protocol.ServerCapabilities{
			ExecuteCommandProvider: commandOptions(),
			Experimental:           protocol.LSPAny(experimental),
		},
	}, nil
}

// initialized begins what the daemon says by itself: the protocol keeps it silent until here.
func (s *session) initialized(context.Context, *protocol.InitializedParams) error {
	s.spawn("settings", func() { s.followSettings(s.ctx) })
	return nil
}

func (s *session) cancelRequest(_ context.Context, p *protocol.CancelParams) error {
	switch id := p.ID.(type) {
	case protocol.Integer:
		s.calls.cancel(jsonrpc2.NewNumberID(int64(id)))
	case protocol.String:
		s.calls.cancel(jsonrpc2.NewStringID(string(id)))
	}
	return nil
}

// shutdown ends the work of the session; the daemon and its other sessions go on.
func (c call) shutdown(context.Context, *struct{}) (any, error) {
	c.phase = phaseEnded
	return nil, nil
}

func (s *session) exit(context.Context, *struct{}) error {
	s.end()
	return nil
}
