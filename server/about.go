package server

import (
	"context"
	"fmt"
	"os"
	"runtime/metrics"

	"go.lsp.dev/protocol"

	"pilothouse/server/wire"
)

func (c call) daemonInfo(context.Context, wire.None) (wire.DaemonStatus, error) {
	return c.daemon.info(), nil
}

func (d *Daemon) info() wire.DaemonStatus {
	return wire.DaemonStatus{
		Version:  d.options.Version,
		Contract: wire.ContractVersion,
		PID:      os.Getpid(),
		Started:  d.started.Unix(),
		Memory:   memory(),
		Sessions: d.sessionInfos(),
		Socket:   d.options.Socket,
		LogFile:  d.options.LogFile,
	}
}

// memory is what the Go runtime holds and has not given back to the system.
func memory() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

func (c call) daemonDoctor(ctx context.Context, _ wire.None) (wire.DoctorReport, error) {
	c.release()
	findings := CheckSetup(c.daemon.options.Socket, c.daemon.options.LogFile)
	findings = append(findings, c.daemon.checkClusters(ctx, c.progress.report)...)
	if c.command {
		c.showFindings(ctx, findings)
	}
	return wire.DoctorReport{Findings: findings}, ctx.Err()
}

// showFindings tells a person what is wrong, or that nothing is.
func (c call) showFindings(ctx context.Context, findings []wire.Finding) {
	all := true
	for _, f := range findings {
		if f.Level != wire.LevelOK {
			all = false
			c.showMessage(ctx, protocol.MessageTypeWarning, f.Message)
		}
	}
	if all {
		c.showMessage(ctx, protocol.MessageTypeInfo, fmt.Sprintf("all %d checks are well", len(findings)))
	}
}

// daemonShutdown ends the daemon once the client has been told so.
func (c call) daemonShutdown(_ context.Context, p wire.ShutdownParams) (wire.ShutdownResult, error) {
	c.release()
	if !c.daemon.refuseNew(p.IfIdle) {
		return wire.ShutdownResult{}, nil
	}
	c.log.Info("a client ends the daemon", "client", c.clientName())
	c.spawn("daemon/shutdown", func() {
		<-c.answered.Done()
		c.daemon.stop()
	})
	return wire.ShutdownResult{Stopping: true}, nil
}
