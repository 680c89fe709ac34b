// Package component builds the programs a cluster is made of from their Go modules and keeps the binaries, by content,
// between runs.
package component

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Component is one program, or a few of one module, that are built together.
type Component struct {
	Name    string
	Version string
	// Module and Packages name what `go install` builds at Version. Without a module the component is a module or a
	// package of ours: Folder, below the folder of the cluster's sources.
	Module   string
	Packages []string
	Folder   string
	// Flags are given to `go build` or `go install`.
	Flags []string
	// C tells that the component is built with a C compiler.
	C bool
	// Links are the other names of a binary that looks at the name it is called by.
	Links []string
}

// Kubernetes is etcd, the API server, the controllers, the scheduler, kubelet, kube-proxy and kubectl in one binary.
func Kubernetes() Component {
	const version = "v1.36.3"
	const stamp = "k8s.io/component-base/version."
	return Component{
		Name: "kubernetes", Version: version, Folder: "components/kubernetes",
		// Clients parse the version that the API server tells: left unset it is no version at all.
		Flags: []string{"-ldflags", "-s -w -X " + stamp + "gitVersion=" + version + " -X " + stamp + "gitMajor=1 -X " + stamp + "gitMinor=36" +
			" -X " + stamp + "gitTreeState=clean -X " + stamp + "buildDate=2026-01-01T00:00:00Z -X k8s.io/client-go/pkg/version.gitVersion=" + version},
		Links: []string{"kubelet", "kube-proxy", "kubectl"},
	}
}

// Containerd is containerd, its shim and its client.
func Containerd() Component {
	const module, version = "github.com/containerd/containerd/v2", "v2.4.2"
	return Component{
		Name: "containerd", Version: version, Module: module,
		Packages: []string{module + "/cmd/containerd", module + "/cmd/containerd-shim-runc-v2", module + "/cmd/ctr"},
		Flags: []string{
			"-tags", "no_btrfs,no_devmapper,no_zfs",
			"-ldflags", "-s -w -X " + module + "/version.Version=" + version + " -X " + module + "/version.Package=" + module,
		},
	}
}

// Runc is the OCI runtime. It needs libseccomp, because every pod's sandbox has a seccomp profile.
func Runc() Component {
	const module, version = "github.com/opencontainers/runc", "v1.5.0"
	return Component{
		Name: "runc", Version: version, Module: module, Packages: []string{module},
		Flags: []string{"-tags", "seccomp", "-ldflags", "-s -w -X main.version=" + version[1:]}, C: true,
	}
}

// CNI is the plugins that give a pod its loopback, its interface and its address.
func CNI() Component {
	const module = "github.com/containernetworking/plugins"
	return Component{
		Name: "cni", Version: "v1.9.1", Module: module,
		Packages: []string{module + "/plugins/main/loopback", module + "/plugins/main/ptp", module + "/plugins/ipam/host-local", module + "/plugins/meta/portmap"},
		Flags:    []string{"-ldflags", "-s -w"},
	}
}

// Registry is the Distribution registry with files as its only storage.
func Registry() Component {
	return Component{Name: "registry", Version: "v3.1.2", Folder: "components/registry", Flags: []string{"-ldflags", "-s -w"}}
}

// CoreDNS is CoreDNS with the plugins that a cluster needs.
func CoreDNS() Component {
	return Component{Name: "coredns", Version: "v1.15.0", Folder: "components/coredns", Flags: []string{"-ldflags", "-s -w"}}
}

// MetricsServer answers `kubectl top`.
func MetricsServer() Component {
	const module = "sigs.k8s.io/metrics-server"
	return Component{Name: "metrics-server", Version: "v0.9.0", Module: module, Packages: []string{module + "/cmd/metrics-server"}, Flags: []string{"-ldflags", "-s -w"}}
}

// Image is the program of an image of ours.
func Image(name string) Component {
	return Component{Name: name, Folder: "images/" + name, Flags: []string{"-ldflags", "-s -w"}}
}

// content writes all that decides what the binaries hold.
func (c Component) content(to io.Writer, sources string) error {
	if _, err := fmt.Fprintf(to, "%s %s %s\n%#v\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, c); err != nil || c.Folder == "" {
		return err
	}
	return copyFiles(to, filepath.Join(sources, c.Folder))
}

func copyFiles(to io.Writer, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := root.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(to, "%s %d\n", name, len(data)); err != nil {
			return err
		}
		_, err = to.Write(data)
		return err
	})
}
