package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pilothouse/testdata/cluster/config"
)

// Resource is what a process is on the host and takes of it.
type Resource struct {
	// HostPID is the process in the host's pid namespace.
	HostPID int `json:"hostPID,omitempty"`
	// Memory is the resident bytes.
	Memory    int64 `json:"memory,omitempty"`
	Processes int   `json:"processes,omitempty"`
}

// ResourcesByPID is the cluster's processes by their number in the cluster's pid namespace.
type ResourcesByPID map[int]Resource

// All sums up.
func (r ResourcesByPID) All() Resource {
	var all Resource
	for _, one := range r {
		all.Memory += one.Memory
		all.Processes++
	}
	return all
}

// Resources finds every process of the cluster, its pods' too: they all descend from the supervisor.
func Resources(cluster *config.Cluster) (ResourcesByPID, error) {
	supervisor, err := PID(cluster)
	if err != nil {
		return nil, err
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	level := 1
	if cluster.Fake {
		level = 0 // there is no pid namespace
	}
	found := ResourcesByPID{}
	for pid, one := range all {
		ancestor := pid
		for ancestor > 1 && ancestor != supervisor {
			ancestor = all[ancestor].parent
		}
		if ancestor == supervisor && len(one.numbers) > level {
			found[one.numbers[level]] = Resource{HostPID: pid, Memory: one.memory}
		}
	}
	return found, nil
}

// process is what the kernel tells about one.
type process struct {
	parent int
	memory int64
	// numbers are its process numbers, from the host's namespace inwards
	numbers []int
}

func processes() (map[int]process, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	all := map[int]process{}
	for _, folder := range folders {
		one, err := readProcess(filepath.Join(folder, "status"))
		if err == nil && len(one.numbers) > 0 { // else it has ended meanwhile
			all[one.numbers[0]] = one
		}
	}
	return all, nil
}

func readProcess(file string) (process, error) {
	var one process
	text, err := os.ReadFile(file)
	if err != nil {
		return one, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "PPid:":
			one.parent, err = strconv.Atoi(fields[1])
		case "VmRSS:":
			one.memory, err = strconv.ParseInt(fields[1], 10, 64)
			one.memory *= 1024 // it is told in kB
		case "NSpid:":
			for _, field := range fields[1:] {
				number, numberErr := strconv.Atoi(field)
				one.numbers, err = append(one.numbers, number), errors.Join(err, numberErr)
			}
		}
		if err != nil {
			return one, fmt.Errorf("reading %s: %w", file, err)
		}
	}
	return one, nil
}
