// Package engine connects watch, restart and escalate. Its heart is the Machine, a router of small
// pure machines. Step(now, inputs) takes what has happened and returns the effects, in order. It has
// neither clock nor lock. internal/host carries the effects out, and their results are inputs again.
//
// # The rooms
//
// Each of the packages below this one is a room with one small machine. A room knows its own
// state and no other room. It has a method Next(event, env) commands: the event is what has happened,
// env is what the room has to know of the world at that moment, and the commands are what it wants
// done, in order. No room reads a clock, and none calls another one.
//
//	life        one process: deaths, looks, restarts, recoveries
//	signs       what the probes and signs of one target have shown
//	climb       the escalation of one ladder
//	operation   a stop and start of the members of a group, and the orders of the operator
//	monitor     a check of something that is not one process, and the restart of its target
//	lastresort  the rungs that end the machine: the breaker, and the one in progress
//	saved       what outlives the daemon: how each kind is read, and what is left after a boot
//
// docs/states.md has the tables of their states and transitions.
//
// # The desks
//
// The router has a desk for each room (processes.go, ladders.go and so on). It holds the machines
// of that room by name, collects what one has to know, tells it what has happened, and carries
// its commands out. A desk may look at what the others hold; what it has to say to them it posts.
//
// # The way of a letter
//
// What the world or a room says to a room is a letter. It is posted in the queue of the router
// (queue.go), which delivers one letter at a time: it gathers the env, calls the room, and posts
// the commands, which are letters as well. A letter is delivered only after its sender has returned:
// so no room is entered while it is at work, and there is no circle of calls. What follows from
// one letter is delivered before the letter that was posted after it, so that one story is finished
// before the next begins.
//
// Effects, messages among them, are collected in order, and returned by Step. What may have changed
// of the durable state is marked by its key, and written before an effect that relies on it begins.
// All times that something waits for are in one table (internal/alarm), by the same keys.
package engine
