package server

import (
	"go.lsp.dev/protocol"

	"pilothouse/server/wire"
)

// newTable lists the methods, family by family.
func newTable() *table {
	t := &table{calls: map[string]*callMethod{}, notifications: map[string]*notificationMethod{}}

	serveLSP(t, protocol.MethodInitialize, call.initialize)
	take(t, protocol.MethodInitialized, (*session).initialized)
	take(t, protocol.MethodCancelRequest, (*session).cancelRequest)
	serveLSP(t, protocol.MethodShutdown, call.shutdown)
	take(t, protocol.MethodExit, (*session).exit)

	take(t, protocol.MethodWorkspaceDidChangeConfiguration, (*session).didChangeConfiguration)
	serveLSP(t, protocol.MethodWorkspaceExecuteCommand, call.executeCommand)

	serve(t, wire.ExplorerChildren, call.explorerChildren)
	serve(t, wire.ExplorerMore, call.explorerMore)
	serve(t, wire.ExplorerResync, call.explorerResync)
	serve(t, wire.ExplorerClose, call.explorerClose)

	serve(t, wire.ClustersList, call.clustersList)
	serve(t, wire.ClustersAddFile, call.clustersAddFile)
	serve(t, wire.ClustersRemoveFile, call.clustersRemoveFile)
	serve(t, wire.ClustersSetNamespace, call.clustersSetNamespace)
	serve(t, wire.ClustersRetry, call.clustersRetry)
	serve(t, wire.ClustersKinds, call.clustersKinds)

	serve(t, wire.DaemonInfo, call.daemonInfo)
	serve(t, wire.DaemonDoctor, call.daemonDoctor)
	serve(t, wire.DaemonShutdown, call.daemonShutdown)

	serve(t, wire.LogFollow, call.logFollow)
	serve(t, wire.LogUnfollow, call.logUnfollow)
	return t
}
