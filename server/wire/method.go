package wire

// ContractVersion is raised when a front-end made for the version before would
// no longer work. Additions do not raise it.
const ContractVersion = 1

// Call names a request of the client with params P, answered with R.
type Call[P, R any] string

// Notification names a message of the daemon with params P that awaits no answer.
type Notification[P any] string

// None has no members: the params or the result of a method that needs none.
type None struct{}
