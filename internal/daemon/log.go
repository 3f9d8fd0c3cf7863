package daemon

import (
	"context"
	"errors"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
)

// flushTime limits how long the end waits for a slow sink, and shortly how long if the
// host is going down: the log daemons may have ended before us, and everybody waits.
const (
	flushTime = 3 * time.Second
	shortly   = 200 * time.Millisecond
)

// finalWords limits how long the end of the machine waits until the log daemon has the
// reason, and readTime how long the log daemon has to write it.
const (
	finalWords = 2 * time.Second
	readTime   = 300 * time.Millisecond
)

// open opens the log that the configuration, or the command line, names.
func (o Options) open(l confd.Log) (*message.Log, error) {
	to := l.To
	if len(o.LogTo) > 0 {
		to = o.LogTo
	}
	return message.Open(message.Destination{To: to, Facility: l.Facility, JSON: o.LogJSON})
}

// openAgain opens the log of a reload.
func (o Options) openAgain(l confd.Log) (*message.Log, error) {
	if len(o.LogTo) > 0 {
		return nil, errors.New("procward was started with --log-to, which goes first")
	}
	return o.open(l)
}

func (v *voice) patience() time.Duration {
	if v.hostEnds.Load() {
		return shortly
	}
	return flushTime
}

func closeLog(log *message.Log, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = log.Close(ctx) // what could not be written is counted in it, and nobody is left to be told
}

// lastWords writes out everything that was said before the machine ends.
func lastWords(log *message.Log) {
	ctx, cancel := context.WithTimeout(context.Background(), finalWords)
	defer cancel()
	_ = log.Flush(ctx) // nothing can be done about it any more
	time.Sleep(readTime)
}
