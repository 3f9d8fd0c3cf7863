package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// lazily is after what time a value is brought to the disk that nobody waits for;
// again is the longest pause after a failure.
const (
	lazily = time.Second
	again  = 2 * time.Second
)

// Run writes until ctx ends, then brings everything to the disk and returns the error
// of that. Nothing touches the directory after it.
func (b *Book) Run(ctx context.Context) error {
	var retry, later <-chan time.Time
	for {
		select {
		case <-b.wake:
			b.work(false)
		case <-retry:
			retry = nil
			b.work(false)
		case <-later:
			later = nil
			b.beginSync()
		case err := <-b.syncing:
			b.endSync(err)
		case <-ctx.Done():
			return b.end()
		}
		if b.failed != nil && retry == nil {
			retry = time.After(again)
		}
		if b.dirty && b.syncing == nil && later == nil {
			later = time.After(lazily)
		}
	}
}

func (b *Book) end() error {
	if b.syncing != nil {
		<-b.syncing
	}
	err := b.work(true)
	b.journal.close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.advance()
	return err
}

// work writes what is pending.
func (b *Book) work(disk bool) error {
	b.mu.Lock()
	pending, number := b.pending, b.given
	disk = disk || b.asked > b.disk
	b.pending = map[string]any{}
	b.mu.Unlock()
	set, err := b.changed(pending)
	maps.Copy(b.owed, set)
	switch {
	case err != nil:
	case disk || b.fresh:
		disk, err = b.whole(disk)
	case len(b.owed) > 0:
		disk, err = b.append()
	}
	if b.fresh = err != nil; err == nil { // what is not in the journal has to be in the next snapshot
		clear(b.owed)
	}
	b.note(number, disk, err)
	return err
}

// changed is what is new among the pending values, put among the others.
func (b *Book) changed(pending map[string]any) (map[string]json.RawMessage, error) {
	set := map[string]json.RawMessage{}
	var errs []error
	for key, v := range pending {
		raw := json.RawMessage("null")
		if v != nil {
			text, err := json.Marshal(v)
			if err != nil {
				errs = append(errs, fmt.Errorf("encode the state of %s: %w", key, err))
				continue
			}
			raw = text
		}
		if old, was := b.values[key]; v == nil && !was || was && bytes.Equal(old, raw) {
			continue
		}
		set[key] = raw
	}
	merge(b.values, set)
	return set, errors.Join(errs...)
}

// append writes what has changed into the journal, or everything where that is full, and
// says whether that brought it to the disk.
func (b *Book) append() (disk bool, err error) {
	err = b.record()
	if errors.Is(err, errFull) {
		return b.snapshot(false)
	}
	return false, err
}

// record writes what is owed into the journal.
func (b *Book) record() error {
	err := b.journal.append(record{Boottime: int64(procscan.Boottime()), Wall: time.Now(), Set: b.owed})
	b.dirty = b.dirty || err == nil
	return err
}

// whole writes everything. Where the disk is full, and the snapshot has outgrown the room it
// had, there is still that of the journal.
func (b *Book) whole(want bool) (disk bool, err error) {
	disk, err = b.snapshot(want)
	full := errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
	switch {
	case !full || b.record() != nil:
		return disk, err
	case want:
		return true, b.store.sync(journalName(b.journal.generation))
	}
	return false, nil
}

// snapshot writes everything, to the disk too if that is wanted or needed, and says whether
// it did. Another journal begins with it, in the file of the one before the present one.
// The records there are of use as long as the present snapshot may not be on the disk: the
// new one has to be, then.
func (b *Book) snapshot(want bool) (disk bool, err error) {
	next := following(b.journal.generation)
	payload, err := json.Marshal(snapshot{Journal: next, Values: b.values})
	if err != nil {
		return false, fmt.Errorf("encode the state: %w", err)
	}
	disk = want || !b.store.safe()
	if err := b.save(payload, disk); err != nil {
		return false, err
	}
	b.journal.begin(next)
	_ = b.journal.open() // takes its room while there is some; append tells what is wrong
	b.dirty = !disk
	return disk, nil
}

// note keeps the outcome of an attempt and tells of a change.
func (b *Book) note(number uint64, disk bool, err error) {
	before := b.failed
	b.failed = err
	b.mu.Lock()
	b.tries++
	b.err = err
	if err == nil {
		b.written = number
		if disk {
			b.disk = number
		}
	}
	b.advance()
	b.mu.Unlock()
	if !same(before, err) {
		b.tell(err)
	}
}

// advance wakes all who wait. The lock is held.
func (b *Book) advance() {
	close(b.advanced)
	b.advanced = make(chan struct{})
}

// beginSync brings all that is written to the disk, beside the writing: the death of the
// machine loses no more than what is written while that waits its turn.
func (b *Book) beginSync() {
	b.mu.Lock()
	b.covers = b.written
	b.mu.Unlock()
	b.dirty, b.covered = false, b.journal.generation
	ended, journal := make(chan error, 1), journalName(b.journal.generation)
	b.syncing = ended
	go func() { ended <- b.store.sync(journal) }()
}

// endSync takes the outcome. Where another snapshot was written meanwhile, that the former
// one is on the disk tells nothing. What a failed fsync(2) leaves in memory may count as
// written for the kernel: only writing it all again helps.
func (b *Book) endSync(err error) {
	b.syncing = nil
	switch {
	case err != nil:
		b.work(true)
	case b.covered == b.journal.generation:
		b.mu.Lock()
		b.disk = max(b.disk, b.covers)
		b.mu.Unlock()
	}
}

// same says that two failures have one reason, as far as the operator is concerned.
func same(a, b error) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	var x, y unix.Errno
	if errors.As(a, &x) && errors.As(b, &y) {
		return x == y
	}
	return a == b || a.Error() == b.Error()
}
