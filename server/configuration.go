package server

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"go.lsp.dev/protocol"

	"pilothouse/explorer/problem"
	"pilothouse/server/logging"
	"pilothouse/server/wire"
)

// settingsSection is where an editor keeps the settings of Pilothouse.
const settingsSection = "pilothouse"

// settings is how a session learns the editor's settings: it asks where the
// editor answers workspace/configuration, else it takes what it is sent.
type settings struct {
	ask      bool // the editor answers workspace/configuration
	register bool // the editor wants to be asked to tell of changes
	changed  chan struct{}

	mu   sync.Mutex
	sent *wire.Settings // what the editor sent by itself; guarded by mu

	added []string // the kubeconfig files that the settings brought; of followSettings alone
}

func newSettings() settings { return settings{changed: make(chan struct{}, 1)} }

// begin keeps what initialize tells of the editor.
func (s *settings) begin(c protocol.ClientCapabilities, sent *wire.Settings) {
	s.keep(sent)
	if c.Workspace == nil {
		return
	}
	s.ask = c.Workspace.Configuration != nil && *c.Workspace.Configuration
	if change := c.Workspace.DidChangeConfiguration; change != nil {
		s.register = change.DynamicRegistration != nil && *change.DynamicRegistration
	}
}

func (s *settings) keep(sent *wire.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = sent
}

func (s *session) didChangeConfiguration(_ context.Context, p *protocol.DidChangeConfigurationParams) error {
	var sent struct {
		Pilothouse *wire.Settings `json:"pilothouse"`
	}
	if !s.settings.ask {
		if err := decode(p.Settings, &sent); err != nil {
			return err
		}
		s.settings.keep(sent.Pilothouse)
	}
	select {
	case s.settings.changed <- struct{}{}:
	default:
	}
	return nil
}

// followSettings applies the settings now and after every change until ctx ends.
// It has a goroutine of its own because asking the editor needs the read loop.
func (s *session) followSettings(ctx context.Context) {
	if s.settings.register {
		if err := s.registerForChanges(ctx); err != nil {
			s.log.Warn("the editor tells of no changed settings", "cause", err)
		}
	}
	for {
		s.applySettings(ctx, s.readSettings(ctx))
		select {
		case <-s.settings.changed:
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) registerForChanges(ctx context.Context) error {
	options, err := encode(map[string]string{"section": settingsSection})
	if err != nil {
		return err
	}
	return s.client.RegisterCapability(ctx, &protocol.RegistrationParams{
		Registrations: []protocol.Registration{{
			ID:              "pilothouse-settings",
			Method:          protocol.MethodWorkspaceDidChangeConfiguration,
			RegisterOptions: protocol.LSPAny(options),
		}},
	})
}

// readSettings gives the settings as they are now; nil where there are none.
func (s *session) readSettings(ctx context.Context) *wire.Settings {
	if !s.settings.ask {
		s.settings.mu.Lock()
		defer s.settings.mu.Unlock()
		return s.settings.sent
	}
	section := settingsSection
	answers, err := s.client.Configuration(ctx, &protocol.ConfigurationParams{
		Items: []protocol.ConfigurationItem{{Section: &section}},
	})
	if err != nil || len(answers) == 0 {
		s.log.Warn("the editor does not tell its settings", "cause", err)
		return nil
	}
	var asked *wire.Settings
	if err := decode(answers[0], &asked); err != nil {
		s.show(ctx, protocol.MessageTypeWarning, &problem.Error{
			Code: problem.InvalidQuery, Message: "the settings of Pilothouse cannot be read", Err: err,
		})
	}
	return asked
}

func (s *session) applySettings(ctx context.Context, now *wire.Settings) {
	if now == nil {
		return
	}
	if now.LogLevel != "" {
		s.setLogLevel(ctx, now.LogLevel)
	}
	s.setKubeconfigs(ctx, now.Kubeconfigs)
}

func (s *session) setLogLevel(ctx context.Context, name string) {
	level, ok := logging.ParseLevel(name)
	if !ok {
		s.show(ctx, protocol.MessageTypeWarning, &problem.Error{
			Code: problem.InvalidQuery, Message: fmt.Sprintf("the setting pilothouse.logLevel is %q", name),
			Suggestions: []string{`use "debug", "info", "warn" or "error"`},
		})
		return
	}
	s.daemon.options.Book.SetLevel(level)
}

// setKubeconfigs adds the files that the settings name and takes back those they named before.
func (s *session) setKubeconfigs(ctx context.Context, paths []string) {
	clusters := s.daemon.engine.Clusters
	for _, path := range paths {
		if slices.Contains(s.settings.added, path) || s.knowsKubeconfig(path) {
			continue
		}
		if err := clusters.UseFile(path, false); err != nil {
			s.show(ctx, protocol.MessageTypeWarning, problem.Of(err))
			continue
		}
		s.settings.added = append(s.settings.added, path)
	}
	s.settings.added = slices.DeleteFunc(s.settings.added, func(path string) bool {
		if slices.Contains(paths, path) {
			return false
		}
		if err := clusters.RemoveFile(path); err != nil {
			s.log.Warn("a kubeconfig file of the settings stays", "path", path, "cause", err)
		}
		return true
	})
}

// show tells a person what is wrong, in the editor.
func (s *session) show(ctx context.Context, kind protocol.MessageType, p *problem.Error) {
	message := p.Error()
	if len(p.Suggestions) > 0 {
		message += ". Try: " + p.Suggestions[0]
	}
	s.showMessage(ctx, kind, message)
}

func (s *session) showMessage(ctx context.Context, kind protocol.MessageType, message string) {
	err := s.client.ShowMessage(ctx, &protocol.ShowMessageParams{Type: kind, Message: "Pilothouse: " + message})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("a message was not shown", "message", message, "cause", err)
	}
}
