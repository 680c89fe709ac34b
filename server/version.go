package server

import (
	"os"
	"runtime/debug"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
)

// Version names this build: the module's version as Go stamps it, for example
// "v0.1.0". A build that was not made from a clean commit also carries when its
// executable was written, so that daemon and client of two such builds know each
// other apart: "v0.1.0+dirty.20261120T110500Z".
func Version() string {
	stamped := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		stamped = info.Main.Version
	}
	if stamped == "(devel)" {
		stamped = "v0.0.0+devel"
	}
	if !strings.Contains(stamped, "+") {
		return stamped
	}
	return stamped + "." + written()
}

// written is when the executable was last written, in UTC; "unknown" where that cannot be told.
func written() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	info, err := os.Stat(path)
	if err != nil {
		return "unknown"
	}
	return info.ModTime().UTC().Format("20060102T150405Z")
}

// newer tells whether build a is newer than build b. Builds whose names make no
// sense are not newer than any.
func newer(a, b string) bool {
	va, errA := version.ParseSemantic(a)
	vb, errB := version.ParseSemantic(b)
	if errA != nil || errB != nil {
		return false
	}
	if va.LessThan(vb) || vb.LessThan(va) {
		return vb.LessThan(va)
	}
	return va.BuildMetadata() > vb.BuildMetadata()
}
