package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// hierarchies returns the folders that hold cgroups: one of version 2, or one for each controller of version 1 and maybe
// one of version 2 without any.
func hierarchies() ([]string, error) {
	if unified() {
		return []string{cgroupRoot}, nil
	}
	entries, err := os.ReadDir(cgroupRoot)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		if entry.IsDir() { // the others are links
			found = append(found, filepath.Join(cgroupRoot, entry.Name()))
		}
	}
	return found, nil
}

func unified() bool {
	_, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers"))
	return err == nil
}

// makeCgroups makes the folders that the pods' ones are in, and removes what dead clusters left that had the same link.
func makeCgroups(link, name string) error {
	folders, err := hierarchies()
	if err != nil {
		return fmt.Errorf("reading the cgroups: %w", err)
	}
	for _, folder := range folders {
		dead, err := filepath.Glob(filepath.Join(folder, link+"-*"))
		if err != nil {
			return err
		}
		for _, one := range dead {
			if err := removeTree(one); err != nil && !errors.Is(err, unix.EBUSY) {
				return fmt.Errorf("removing cgroups: %w", err)
			}
		}
		if err := os.Mkdir(filepath.Join(folder, name), 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		// The kernel takes no process into a cpuset that has no processors.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if filepath.Base(folder) != "cpuset" {
				continue
			}
			value, err := os.ReadFile(filepath.Join(folder, file))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(folder, name, file), value, 0o600); err != nil { //nolint:gosec // config.CheckName has seen the name
				return err
			}
		}
	}
	if !unified() {
		return nil
	}
	controllers, err := os.ReadFile(filepath.Join(cgroupRoot, name, "cgroup.controllers"))
	if err != nil {
		return err
	}
	all := "+" + strings.Join(strings.Fields(string(controllers)), " +")
	return os.WriteFile(filepath.Join(cgroupRoot, name, "cgroup.subtree_control"), []byte(all), 0o600) //nolint:gosec // config.CheckName has seen the name
}

// RemoveCgroups removes what the cluster's containers have left, and waits for the last of them to be gone.
func RemoveCgroups(ctx context.Context, name string) error {
	folders, err := hierarchies()
	if err != nil {
		return fmt.Errorf("reading the cgroups: %w", err)
	}
	for _, folder := range folders {
		for {
			err := removeTree(filepath.Join(folder, name))
			if err == nil {
				break
			}
			if !errors.Is(err, unix.EBUSY) {
				return fmt.Errorf("removing cgroups: %w", err)
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("removing cgroups: %w", errors.Join(ctx.Err(), err))
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

// removeTree removes a cgroup and those in it. Their files cannot be removed, only the folders.
func removeTree(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		if err := removeTree(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	if err := unix.Rmdir(folder); err != nil && !errors.Is(err, unix.ENOENT) {
		return &fs.PathError{Op: "rmdir", Path: folder, Err: err}
	}
	return nil
}
