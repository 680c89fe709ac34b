package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
)

// State is how a program is.
type State string

// A program is waiting for others, then starting, then ready. It is stopped when it was asked to stop, and failed when
// it ended by itself or was not ready in time.
const (
	Waiting  State = "waiting"
	Starting State = "starting"
	Ready    State = "ready"
	Stopped  State = "stopped"
	Failed   State = "failed"
)

// supervisor owns the cluster's processes. No other package may start a process in it: it reaps whatever ends, as the
// first process of a pid namespace has to.
type supervisor struct {
	cluster *config.Cluster
	log     *slog.Logger
	// inherited is a file that every program holds open until it ends.
	inherited *os.File

	mu       sync.Mutex
	programs []*supervised
	// changed is closed, and made anew, with every change of a state
	changed chan struct{}
}

type supervised struct {
	Program
	state State
	pid   int // 0 when there is no process
	// open tells that the programs that come after may start
	open  bool
	since time.Time
	err   error
}

func newSupervisor(cluster *config.Cluster, programs []Program, inherited *os.File, logger *slog.Logger) *supervisor {
	s := &supervisor{cluster: cluster, log: logger, inherited: inherited, changed: make(chan struct{})}
	for _, program := range programs {
		state := Waiting
		if program.Manual {
			state = Stopped
		}
		s.programs = append(s.programs, &supervised{Program: program, state: state, since: time.Now()})
	}
	return s
}

// run starts the programs and reaps processes until ctx ends.
func (s *supervisor) run(ctx context.Context) {
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	defer signal.Stop(children)
	for _, p := range s.programs {
		if !p.Manual {
			go func() { _ = s.bringUp(ctx, p) }() // its state tells the error
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-children:
			s.reap()
		}
	}
}

func (s *supervisor) reap() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if pid <= 0 {
			return
		}
		for _, p := range s.programs {
			if p.pid != pid {
				continue
			}
			p.pid = 0
			if p.state != Stopped {
				s.set(p, Failed, describe(status))
			} else {
				s.set(p, Stopped, nil)
			}
		}
	}
}

func describe(status unix.WaitStatus) error {
	if status.Signaled() {
		return fmt.Errorf("ended by signal %s", status.Signal())
	}
	return fmt.Errorf("ended with exit code %d", status.ExitStatus())
}

// set needs the lock.
func (s *supervisor) set(p *supervised, state State, err error) {
	p.state, p.err, p.since = state, err, time.Now()
	if state != Starting && state != Ready {
		p.open = false
	}
	s.log.Info("program", "name", p.Name, "state", state, "error", text(err))
	close(s.changed)
	s.changed = make(chan struct{})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// until waits for condition, which is called with the lock, to hold.
func (s *supervisor) until(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		holds, changed := condition(), s.changed
		s.mu.Unlock()
		if holds {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// bringUp starts a waiting program when those that it comes after are open, and returns when it is ready itself.
func (s *supervisor) bringUp(ctx context.Context, p *supervised) error {
	var obstacle error
	if err := s.until(ctx, func() bool {
		open := true
		for _, name := range p.After {
			before := s.find(name)
			if before.state == Failed {
				obstacle = fmt.Errorf("%s failed", name)
				s.set(p, Failed, obstacle)
				return true
			}
			open = open && before.open
		}
		if p.state != Waiting { // it was stopped meanwhile
			obstacle = fmt.Errorf("%s is %s", p.Name, p.state)
		}
		return open || obstacle != nil
	}); err != nil {
		return err
	}
	if obstacle != nil {
		return obstacle
	}
	if err := s.spawn(p); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		open := p.Open == nil || p.Open(attempt) == nil
		notReady := p.Ready(attempt)
		cancel()
		done, err := s.judge(ctx, p, open, notReady)
		if done {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// judge changes the state of a starting program after what it answered, and tells whether it starts no longer.
func (s *supervisor) judge(ctx context.Context, p *supervised, open bool, notReady error) (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.state != Starting: // it ended meanwhile
		return true, fmt.Errorf("%s is %s: %w", p.Name, p.state, p.err)
	case notReady == nil:
		p.open = true
		s.set(p, Ready, nil)
		return true, nil
	case ctx.Err() != nil:
		err := fmt.Errorf("not ready within %s: %w", deadline, notReady)
		s.set(p, Failed, err)
		return true, err
	case p.Open != nil && open && !p.open:
		p.open = true
		s.set(p, Starting, nil)
	}
	return false, nil
}

// spawn holds the lock, so that a process is known before it can be reaped.
func (s *supervisor) spawn(p *supervised) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pid, err := p.Program.spawn(s.cluster, s.inherited)
	if err != nil {
		s.set(p, Failed, err)
		return fmt.Errorf("starting %s: %w", p.Name, err)
	}
	p.pid = pid
	s.set(p, Starting, nil)
	return nil
}

// find needs the lock, or a program's name that is a constant.
func (s *supervisor) find(name string) *supervised {
	index := slices.IndexFunc(s.programs, func(p *supervised) bool { return p.Name == name })
	if index < 0 {
		return nil
	}
	return s.programs[index]
}

// start starts a program that is not running and waits until it is ready.
func (s *supervisor) start(ctx context.Context, p *supervised) error {
	s.mu.Lock()
	if p.pid != 0 || p.state == Waiting {
		s.mu.Unlock()
		var failure error
		err := s.until(ctx, func() bool {
			if p.state == Failed || p.state == Stopped {
				failure = fmt.Errorf("%s is %s: %w", p.Name, p.state, p.err)
			}
			return p.state == Ready || failure != nil
		})
		return errors.Join(err, failure)
	}
	s.set(p, Waiting, nil)
	s.mu.Unlock()
	return s.bringUp(ctx, p)
}

// stop ends a program the hard way and waits until it is gone.
func (s *supervisor) stop(ctx context.Context, p *supervised) error {
	s.mu.Lock()
	s.set(p, Stopped, nil)
	if p.pid != 0 {
		if err := unix.Kill(p.pid, syscall.SIGKILL); err != nil {
			s.mu.Unlock()
			return fmt.Errorf("ending %s: %w", p.Name, err)
		}
	}
	s.mu.Unlock()
	return s.until(ctx, func() bool { return p.pid == 0 })
}

func (s *supervisor) restart(ctx context.Context, p *supervised) error {
	if err := s.stop(ctx, p); err != nil {
		return err
	}
	return s.start(ctx, p)
}
