package cli

import (
	"context"

	"pilothouse/explorer/cluster"
	"pilothouse/server"
	"pilothouse/server/wire"
)

// findKinds finds the kinds that people call by these names, in that order; no
// names mean all kinds.
func findKinds(ctx context.Context, s *session, contextID string, names []string) ([]cluster.Kind, error) {
	found, err := server.Ask(ctx, s.Client, wire.ClustersKinds, wire.KindsParams{Context: contextID, Names: names})
	return found.Kinds, err
}
