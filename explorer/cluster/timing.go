package cluster

import "time"

// timing are the deadlines and intervals of Contexts and their Clusters.
type timing struct {
	fileSettle   time.Duration // for a tool to finish writing, from the first change on
	filePoll     time.Duration // between two looks at files that cannot be watched
	dial         time.Duration // to connect
	tlsHandshake time.Duration // to agree on encryption
	firstByte    time.Duration // to begin to answer, watches excepted
	idlePing     time.Duration // silence after which an HTTP/2 connection is asked for life
	pingAnswer   time.Duration // to give that sign of life
	probe        time.Duration // to tell the version
	discovery    time.Duration // to tell the kinds
	plugin       time.Duration // to give credentials; the user may have to sign in meanwhile
	pluginRest   time.Duration // between two runs of a plugin that gives credentials
	pluginPause  time.Duration // before a plugin that failed runs again: it may open a browser each time
	retryFirst   time.Duration // after the first failure, then doubled
	retryMax     time.Duration
	kindsAge     time.Duration   // how long kinds are believed that nobody keeps fresh
	kindsRefresh time.Duration   // how often kinds are asked for although nothing told of a change
	kindsSettle  []time.Duration // after a change of definitions: the server takes a while to serve it
	rulesAge     time.Duration   // how long a review of permissions is believed
}

func defaultTiming() timing {
	return timing{
		fileSettle:   100 * time.Millisecond,
		filePoll:     2 * time.Second,
		dial:         5 * time.Second,
		tlsHandshake: 5 * time.Second,
		firstByte:    30 * time.Second,
		idlePing:     10 * time.Second,
		pingAnswer:   5 * time.Second,
		probe:        10 * time.Second,
		discovery:    30 * time.Second,
		plugin:       3 * time.Minute,
		pluginRest:   10 * time.Second,
		pluginPause:  time.Minute,
		retryFirst:   time.Second,
		retryMax:     30 * time.Second,
		kindsAge:     time.Minute,
		kindsRefresh: 5 * time.Minute,
		kindsSettle:  []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second, 20 * time.Second},
		rulesAge:     time.Minute,
	}
}

// deadlineError tells a deadline of ours from one of the caller.
type deadlineError struct{ after time.Duration }

func (d deadlineError) Error() string { return "no answer within " + d.after.String() }
func (d deadlineError) Timeout() bool { return true }
