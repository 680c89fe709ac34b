package server

import (
	"os"
	"path/filepath"
	"runtime"
)

// LogPath is where the daemon writes its log: daemon.log in the user's state
// folder, $XDG_STATE_HOME/pilothouse or ~/.local/state/pilothouse (Windows: in the
// user's profile).
func LogPath() string { return filepath.Join(stateFolder(), "daemon.log") }

// crashPath is where a detached daemon's standard error goes: what it says before
// it has a log, and the last words of the Go runtime.
func crashPath() string { return filepath.Join(stateFolder(), "daemon.stderr") }

// clustersPath is where the files and namespaces that the user chose are remembered.
func clustersPath() string { return filepath.Join(stateFolder(), "clusters.json") }

func stateFolder() string {
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "pilothouse")
	}
	if runtime.GOOS == "windows" {
		if profile, err := os.UserCacheDir(); err == nil {
			return filepath.Join(profile, "pilothouse")
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		// A user without a home has a temporary folder.
		return filepath.Join(os.TempDir(), "pilothouse-state")
	}
	return filepath.Join(home, ".local", "state", "pilothouse")
}
