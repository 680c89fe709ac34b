package cluster

import "context"

// LoginPath gives the PATH that the user's login shell sets up.
func LoginPath(ctx context.Context) string { return "" }
