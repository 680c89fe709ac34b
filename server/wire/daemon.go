package wire

import "pilothouse/explorer/problem"

// Methods about the daemon itself.
const (
	// DaemonInfo tells which daemon this is and whom it serves. It is answered before
	// initialize too, so that a client can compare versions first.
	DaemonInfo Call[None, DaemonStatus] = "pilothouse/daemon/info"
	// DaemonDoctor looks for what is wrong with the set-up. It may take some
	// seconds where a cluster does not answer.
	DaemonDoctor Call[None, DoctorReport] = "pilothouse/daemon/doctor"
	// DaemonShutdown ends the daemon for every session. It is answered before
	// initialize too, so that a newer client can take an older daemon's place.
	DaemonShutdown Call[ShutdownParams, ShutdownResult] = "pilothouse/daemon/shutdown"

	// LogFollow sends the daemon's log to this session as LogMessage, from now on and
	// from the given level up. Following again changes the level.
	LogFollow Call[LogFollowParams, None] = "pilothouse/log/follow"
	// LogUnfollow ends what LogFollow began.
	LogUnfollow Call[None, None] = "pilothouse/log/unfollow"

	// LogMessage carries one record of the daemon's log.
	LogMessage Notification[LogRecord] = "pilothouse/log/message"
)

// DaemonStatus tells which daemon answers.
type DaemonStatus struct {
	// Version is the daemon's build, for example "v0.1.0".
	Version string `json:"version"`
	// Contract is the version of the contract it speaks.
	Contract int `json:"contract"`
	// PID is the daemon's process.
	PID int `json:"pid"`
	// Started is when it started, in Unix seconds.
	Started int64 `json:"started"`
	// Memory is what the daemon holds of the machine's memory, in bytes.
	Memory int64 `json:"memory"`
	// Sessions are the connections now open, the asking one among them, oldest first.
	Sessions []SessionInfo `json:"sessions"`
	// Socket is the path it listens on; "" when it serves one client alone.
	Socket string `json:"socket,omitempty"`
	// LogFile is the path of its log; "" when it writes none.
	LogFile string `json:"logFile,omitempty"`
}

// SessionInfo tells of one connection.
type SessionInfo struct {
	// Client is what the client calls itself, with its version; "" before initialize.
	Client string `json:"client,omitempty"`
	// Since is when it connected, in Unix seconds.
	Since int64 `json:"since"`
	// Views counts its open views.
	Views int `json:"views"`
}

// ShutdownParams say when not to end the daemon.
type ShutdownParams struct {
	// IfIdle leaves the daemon running when another session uses it.
	IfIdle bool `json:"ifIdle,omitempty"`
}

// ShutdownResult tells whether the daemon ends.
type ShutdownResult struct {
	Stopping bool `json:"stopping"`
}

// DoctorReport is what was found, in the order of the checks.
type DoctorReport struct {
	Findings []Finding `json:"findings"`
}

// FindingLevel tells how bad a finding is.
type FindingLevel string

// The levels of a finding.
const (
	LevelOK      FindingLevel = "ok"      // as it should be
	LevelWarning FindingLevel = "warning" // works, but somebody should look
	LevelError   FindingLevel = "error"   // something will not work
)

// Finding is the outcome of one check of the set-up.
type Finding struct {
	// Check is what was looked at, for example "socket".
	Check string       `json:"check"`
	Level FindingLevel `json:"level"`
	// Message is one sentence for a person.
	Message string `json:"message"`
	// Problem tells the cause and what to do where the level is not ok.
	Problem *problem.Detail `json:"problem,omitempty"`
}

// LogFollowParams choose what of the log to send.
type LogFollowParams struct {
	// Level is "debug", "info", "warn" or "error"; "" means "info".
	Level string `json:"level,omitempty"`
}

// LogRecord is one record of the daemon's log.
type LogRecord struct {
	// Time is when it was written, in Unix milliseconds.
	Time int64 `json:"time"`
	// Level is "debug", "info", "warn" or "error".
	Level   string `json:"level"`
	Message string `json:"message"`
	// Attributes are the record's values as text; a group's are named "group.name".
	Attributes map[string]string `json:"attributes,omitempty"`
	// Dropped counts the records before this one that the client was too slow to take.
	Dropped int `json:"dropped,omitempty"`
}
