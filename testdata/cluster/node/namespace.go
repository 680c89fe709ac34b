// Package node makes the place that a cluster with a real node lives in: namespaces, mounts, a wire to the host and
// cgroups. All but the cgroups vanish with the last process of the namespaces.
package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
)

// Namespaces makes the process that is started with it the first one of new namespaces.
func Namespaces() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
	}
}

// Enter is called in the first process of the namespaces, after the host has connected the wire: it makes the rest of
// the place. What a program of the cluster writes outside of the state folder lands in a tmpfs.
func Enter(cluster *config.Cluster) error {
	if os.Getpid() != 1 {
		return errors.New("not the first process of a pid namespace")
	}
	if err := unix.Sethostname([]byte(cluster.NodeName())); err != nil {
		return fmt.Errorf("naming the node: %w", err)
	}
	if err := mountAll(cluster); err != nil {
		return err
	}
	if err := hideSysctls(cluster); err != nil {
		return err
	}
	if err := connectInside(cluster.Network); err != nil {
		return err
	}
	return makeCgroups(cluster.Network.Link, cluster.Cgroup())
}

// covered are the folders of the host that the cluster's programs write into.
var covered = [...]string{"/run", "/var/lib", "/var/log"}

func mountAll(cluster *config.Cluster) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	// The state and the programs may lie in a covered folder: they are held, and put back on top.
	held := map[string]int{}
	for _, folder := range append([]string{cluster.State}, cluster.Programs...) {
		fd, err := unix.OpenTree(unix.AT_FDCWD, folder, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return fmt.Errorf("holding %s: %w", folder, err)
		}
		defer unix.Close(fd)
		held[folder] = fd
	}
	for _, folder := range covered {
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("covering %s: %w", folder, err)
		}
	}
	for folder, fd := range held {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
		if err := unix.MoveMount(fd, "", unix.AT_FDCWD, folder, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("putting %s back: %w", folder, err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	// What grows lives on the disk.
	for target, name := range map[string]string{"/var/lib/containerd": "containerd", "/var/lib/kubelet": "kubelet", "/var/log/pods": "pods"} {
		if err := bind(cluster.File(name), target); err != nil {
			return err
		}
	}
	if err := os.MkdirAll("/var/log/containers", 0o750); err != nil {
		return err
	}
	// kubelet and containerd share the mounts that they make for pods.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing the mounts: %w", err)
	}
	return nil
}

func bind(source, target string) error {
	for _, folder := range []string{source, target} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", source, target, err)
	}
	return nil
}

// hideSysctls covers the settings of the whole machine that kubelet wants to set with files that already say so.
func hideSysctls(cluster *config.Cluster) error {
	for name, value := range map[string]string{
		"vm/overcommit_memory":     "1",
		"kernel/panic":             "10",
		"kernel/panic_on_oops":     "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	} {
		target := filepath.Join("/proc/sys", name)
		if _, err := os.Stat(target); err != nil {
			continue // a kernel built without it
		}
		source := cluster.File("run", strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(source, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("covering %s: %w", target, err)
		}
	}
	return nil
}
