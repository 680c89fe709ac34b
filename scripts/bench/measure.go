package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pilothouse/explorer/tree"
	"pilothouse/server"
	"pilothouse/server/wire"
)

// meter measures on one cluster.
type meter struct {
	kubeconfig, kubectl, context string
	version                      string
	runs                         int
	report                       *report
}

// idle measures a daemon that nobody uses.
func (m *meter) idle(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, binary, "version", "-o", "json", "--standalone").Output()
	if err != nil {
		return fmt.Errorf("asking the daemon's version: %w", err)
	}
	if found := regexp.MustCompile(`"version":\s*"([^"]+)"`).FindSubmatch(out); found != nil {
		m.version = string(found[1])
	}
	var starts []time.Duration
	var held []float64
	for range 2 * m.runs {
		d, err := m.startDaemon(ctx)
		if err != nil {
			return err
		}
		starts = append(starts, d.answers)
		memory, err := d.memory("VmRSS")
		d.stop()
		if err != nil {
			return err
		}
		held = append(held, memory)
	}
	m.report.add("daemon: start to `initialize` answered", median(starts), 0, "ms", "50 ms")
	m.report.add("daemon: idle memory", medianOf(held), 0, "MB", "45 MB")
	info, err := os.Stat(binary)
	if err != nil {
		return fmt.Errorf("measuring the binary: %w", err)
	}
	m.report.add("daemon: size of the binary", float64(info.Size())/1e6, 0, "MB", "60 MB")
	return nil
}

// listing is how one reading of the whole list went.
type listing struct {
	first, whole time.Duration
	held, peak   float64
}

// readAll opens the pods of all namespaces in a fresh daemon.
func (m *meter) readAll(ctx context.Context, pods int) (l listing, err error) {
	d, err := m.startDaemon(ctx)
	if err != nil {
		return l, err
	}
	defer d.stop()
	changes := make(chan tree.Change, 10_000)
	server.On(d.client, wire.ExplorerChanged, func(c tree.Change) { changes <- c })
	began := time.Now()
	page, err := server.Ask(ctx, d.client, wire.ExplorerChildren, tree.Query{Node: tree.KindID(m.context, "", "pods")})
	if err != nil {
		return l, err
	}
	rows, total, state := len(page.Rows), page.Total, page.State
	for {
		if rows > 0 && l.first == 0 {
			l.first = time.Since(began)
		}
		if state == tree.StateLive {
			break
		}
		select {
		case c := <-changes:
			total, state = c.Total, c.State
			rows = max(rows, total)
		case <-ctx.Done():
			return l, ctx.Err()
		}
	}
	l.whole = time.Since(began)
	if total < pods {
		return l, fmt.Errorf("the list was complete with %d of %d pods", total, pods)
	}
	if l.held, err = d.memory("VmRSS"); err != nil {
		return l, err
	}
	l.peak, err = d.memory("VmHWM")
	return l, err
}

// point adds a point to the curve.
func (m *meter) point(ctx context.Context, pods int) error {
	l, err := m.readAll(ctx, pods)
	if err == nil {
		m.report.points = append(m.report.points, point{pods, l.first, l.whole, l.held, l.peak})
	}
	return err
}

// list measures the listing of all pods, by the daemon and by the command line, turn by
// turn with kubectl.
func (m *meter) list(ctx context.Context, pods int) error {
	var first, whole, kubectl, kubectlFirst, ours, oursFirst []time.Duration
	var peak, kubectlPeak, oursPeak []float64
	for range m.runs {
		l, err := m.readAll(ctx, pods)
		if err != nil {
			return err
		}
		first, whole, peak = append(first, l.first), append(whole, l.whole), append(peak, l.peak)
		p, err := m.run(ctx, m.kubectl, "get", "pods", "-A")
		if err != nil {
			return err
		}
		kubectl, kubectlFirst, kubectlPeak = append(kubectl, p.whole), append(kubectlFirst, p.first), append(kubectlPeak, p.peak)
		if p, err = m.run(ctx, binary, "get", "pods", "-A", "--standalone"); err != nil {
			return err
		}
		ours, oursFirst, oursPeak = append(ours, p.whole), append(oursFirst, p.first), append(oursPeak, p.peak)
	}
	k := fmt.Sprintf("%d pods", pods)
	m.report.add(k+": first rows at an editor (fresh daemon)", median(first), median(kubectlFirst), "ms", "100 ms")
	m.report.add(k+": whole list in the daemon", median(whole), median(kubectl), "ms", "0.2x")
	m.report.add(k+": peak memory of the daemon", medianOf(peak), medianOf(kubectlPeak), "MB", "0.2x")
	m.report.add(k+": `get pods -A` in a process of its own", median(ours), median(kubectl), "ms", "")
	m.report.add(k+": its first line", median(oursFirst), median(kubectlFirst), "ms", "")
	m.report.add(k+": its peak memory", medianOf(oursPeak), medianOf(kubectlPeak), "MB", "")
	return nil
}

// run measures a whole process: to its first output, to its end, and its peak memory.
func (m *meter) run(ctx context.Context, name string, args ...string) (l listing, err error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+m.kubeconfig)
	out, err := command.StdoutPipe()
	if err != nil {
		return l, fmt.Errorf("starting %s: %w", name, err)
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		return l, fmt.Errorf("starting %s: %w", name, err)
	}
	for buffer := make([]byte, 1<<20); ; {
		n, err := out.Read(buffer)
		if n > 0 && l.first == 0 {
			l.first = time.Since(began)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return l, fmt.Errorf("reading from %s: %w", name, err)
		}
	}
	if err := command.Wait(); err != nil {
		return l, fmt.Errorf("running %s: %w", name, err)
	}
	l.whole = time.Since(began)
	l.peak = float64(command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return l, nil
}

// row asks the tree's own benchmark what a row costs.
func (m *meter) row(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=RowMemory", "-benchtime=1x", "./explorer/tree").Output()
	if err != nil {
		return fmt.Errorf("measuring a row: %w", err)
	}
	fields := strings.Fields(string(out))
	for i, f := range fields {
		if f == "B/row" && i > 0 {
			bytes, err := strconv.ParseFloat(fields[i-1], 64)
			if err != nil {
				return fmt.Errorf("measuring a row: %w", err)
			}
			m.report.add("memory a row, all indexes included", bytes, 0, "B", "500 B")
			return nil
		}
	}
	return fmt.Errorf("measuring a row: no B/row in %q", out)
}
