package wire

// InitializationOptions stand in the initialize request. An editor that knows
// nothing of Pilothouse leaves them out.
type InitializationOptions struct {
	// Contract is the version of the contract that the client was made for. Where the
	// daemon speaks another, initialize answers daemonVersion. 0 is not compared.
	Contract int `json:"contract,omitempty"`
	// Version is the client's build, for the log and for people.
	Version string `json:"version,omitempty"`
	// Kubeconfig are the absolute paths of the files in the client's own KUBECONFIG.
	// The daemon reads them besides those of its own environment, as trusted.
	Kubeconfig []string `json:"kubeconfig,omitempty"`
	// Settings are those of the editor, for clients that do not answer
	// workspace/configuration.
	Settings *Settings `json:"settings,omitempty"`
}

// Experimental stands under "pilothouse" in the experimental capabilities of the
// daemon's answer to initialize.
type Experimental struct {
	// Contract is the version of the contract that the daemon speaks.
	Contract int `json:"contract"`
}

// Settings are the section "pilothouse" of an editor's settings.
type Settings struct {
	// LogLevel is what the daemon writes to its log: "debug", "info", "warn" or
	// "error". The daemon has one log: the last session to say so decides.
	LogLevel string `json:"logLevel,omitempty"`
	// Kubeconfigs are absolute paths of kubeconfig files to read besides those of
	// KUBECONFIG. They may come from a workspace and so are not trusted: their
	// credential plugins run once the person has trusted the file.
	Kubeconfigs []string `json:"kubeconfigs,omitempty"`
}
