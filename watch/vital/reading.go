package vital

import (
	"time"

	"procward/internal/procfile"
)

// reading is what one tick read of one process. Parts that its plan does not need stay
// zero; parts that could not be read have a reason in fail.
type reading struct {
	at   time.Duration // CLOCK_MONOTONIC: it stands still while the host is suspended
	fail [sources]error
	stat procfile.Stat
	// frozen: its cgroup is frozen. Then no thread of it runs, whatever its state is.
	frozen   bool
	memory   int64 // of the host: MemTotal, in bytes
	rss      int64 // bytes
	pss      int64
	private  int64
	tree     int64
	rolled   bool // pss and private are of this reading, not of an earlier one
	summed   bool // and tree
	fds      int64
	fdLimit  int64 // the soft limit; 0 for unlimited
	children int64
	zombies  int64
	tasks    []task  // by TID, if swept
	queues   []queue // its listening sockets with something in the queue, if asked
	swept    bool    // the threads were looked at, and tasks is all of them
	asked    bool    // the sockets were looked at, and queues is all of them
}

// task is one thread.
type task struct {
	tid     int
	start   uint64 // shows if a TID was reused
	state   byte
	cpu     uint64 // hundredths of a second
	counted bool   // the switches below were read
	waits   uint64 // voluntary_ctxt_switches of proc_pid_status(5)
	pushed  uint64 // nonvoluntary_ctxt_switches
}

// queue is a listening socket and the connections that wait in its accept queue.
type queue struct {
	inode   uint64
	length  uint32
	where   string   // "tcp 127.0.0.1:80"
	waiting []uint64 // who waits, if the kernel tells, sorted: one number for each connection
}
