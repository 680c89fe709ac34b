package wire

import "pilothouse/explorer/tree"

// The explorer's methods. A view is one client's window on the children of one
// node; it lives until it is closed or the session ends.
const (
	// ExplorerChildren opens a view of a node's children and gives its rows as far
	// as they are known within a short moment; what follows comes as
	// ExplorerChanged, never before this answer.
	ExplorerChildren Call[tree.Query, tree.Page] = "pilothouse/explorer/children"
	// ExplorerMore sets how many rows the view's window holds. The rows come as a change.
	ExplorerMore Call[ExplorerMoreParams, None] = "pilothouse/explorer/more"
	// ExplorerResync gives the whole window again, to a client that lost track.
	// Changes go on from the answer's seq.
	ExplorerResync Call[ViewParams, tree.Page] = "pilothouse/explorer/resync"
	// ExplorerClose ends a view. No change of it follows the answer. Closing a view
	// that is not open is no error.
	ExplorerClose Call[ViewParams, None] = "pilothouse/explorer/close"

	// ExplorerChanged tells what happened in a view. A client that reads slowly gets
	// fewer and larger changes, each bounded by the window.
	ExplorerChanged Notification[tree.Change] = "pilothouse/explorer/changed"
)

// ViewParams name a view.
type ViewParams struct {
	// View is the id from the page that opened it.
	View string `json:"view"`
}

// ExplorerMoreParams tell how large a view's window shall be.
type ExplorerMoreParams struct {
	// View is the id from the page that opened it.
	View string `json:"view"`
	// Limit bounds the rows in the window; negative means all.
	Limit int `json:"limit"`
}
