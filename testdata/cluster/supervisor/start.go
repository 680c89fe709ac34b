package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/node"
	"pilothouse/testdata/cluster/pki"
)

// Start starts the supervisor of a cluster, in namespaces of its own when it has a real node, and gives the cluster its
// network, its ports and its keys. The state folder must be clean.
func Start(ctx context.Context, cluster *config.Cluster) (err error) {
	if err := checkInotify(cluster.Fake); err != nil {
		return err
	}
	for _, folder := range []string{"run", "logs", "tmp"} {
		if err := os.MkdirAll(cluster.File(folder), 0o750); err != nil {
			return err
		}
	}
	output, err := os.OpenFile(cluster.Log("supervisor"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	command := exec.CommandContext(context.WithoutCancel(ctx), self, Command) // it outlives the caller
	command.Args[0] = selfName
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !cluster.Fake {
		command.SysProcAttr = node.Namespaces()
	}
	input, err := command.StdinPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting the supervisor: %w", err)
	}
	// Until it learns the state folder the supervisor does nothing, and without it it ends.
	defer input.Close()
	pid := command.Process.Pid
	cluster.Started = time.Now()
	if err := os.WriteFile(cluster.File(pidFile), []byte(strconv.Itoa(pid)), 0o600); err != nil {
		return err
	}
	if err := place(ctx, cluster, pid); err != nil {
		return err
	}
	if err := pki.Make(cluster); err != nil {
		return fmt.Errorf("making keys: %w", err)
	}
	if err := cluster.Write(); err != nil {
		return err
	}
	if _, err := input.Write([]byte(cluster.State)); err != nil {
		return fmt.Errorf("talking to the supervisor: %w", err)
	}
	return command.Process.Release()
}

// checkInotify tells whether the cluster's programs will get the inotify instances that they need. Without them they fail
// one by one, each in its own words.
func checkInotify(fake bool) error {
	need := 24
	if fake {
		need = 12
	}
	for range need {
		instance, err := unix.InotifyInit1(unix.IN_CLOEXEC)
		if err != nil {
			return fmt.Errorf("a cluster needs %d inotify instances, and fewer of those that fs.inotify.max_user_instances allows are free: end another cluster or raise it: %w", need, err)
		}
		defer unix.Close(instance)
	}
	return nil
}

// This program, also when its file was replaced meanwhile, and how a list of processes calls it.
const (
	self     = "/proc/self/exe"
	selfName = "pilothouse-cluster"
)

// Command is the argument with which this program is the supervisor.
const Command = "supervise"

// place gives the cluster its network and its ports.
func place(ctx context.Context, cluster *config.Cluster, pid int) (err error) {
	if !cluster.Fake {
		cluster.Ports = config.Ports{APIServer: 6443, EtcdClient: 2379, EtcdPeer: 2380, Registry: 5000}
		cluster.Network, err = node.Connect(pid, cluster.State)
		return err
	}
	cluster.Network = config.LoopbackNetwork()
	for _, port := range []*int{&cluster.Ports.APIServer, &cluster.Ports.EtcdClient, &cluster.Ports.EtcdPeer} {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer listener.Close()
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return nil
}

// Running tells whether the cluster's supervisor, or a program that it left, runs.
func Running(cluster *config.Cluster) (bool, error) {
	lock, err := os.Open(cluster.File(lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	defer lock.Close()
	err = unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// PID returns the supervisor's process, as the host sees it.
func PID(cluster *config.Cluster) (int, error) {
	data, err := os.ReadFile(cluster.File(pidFile))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
}

// Kill ends every process of the cluster the hard way, removes what the kernel does not remove by itself, and returns
// when all is gone. The state folder is left.
func Kill(ctx context.Context, cluster *config.Cluster) error {
	running, err := Running(cluster)
	if err != nil {
		return err
	}
	if running {
		pid, err := PID(cluster)
		if err != nil {
			return err
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("ending the supervisor: %w", err)
		}
		if err := wait(ctx, func() (bool, error) {
			running, err := Running(cluster)
			return !running && ended(pid), err
		}); err != nil {
			return fmt.Errorf("waiting for the supervisor, process %d, to end: %w", pid, err)
		}
	}
	if cluster.Fake {
		return nil
	}
	if err := node.Disconnect(cluster.Network, cluster.State); err != nil {
		return err
	}
	return node.RemoveCgroups(ctx, cluster.Cgroup())
}

// ended tells whether a process is gone, or waits for nothing but its parent. The first process of a pid namespace gets
// there only after every other process of the namespace.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

func wait(ctx context.Context, done func() (bool, error)) error {
	for {
		if is, err := done(); is || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
