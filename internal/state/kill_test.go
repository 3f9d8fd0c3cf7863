package state

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childDir makes the test binary the child of TestKilled.
const childDir = "PROCWARD_TEST_STATE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := write(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// write saves one number after the other until it is killed, and says which ones the
// Writer has acknowledged.
func write(dir string) error {
	s, saved, problems, err := Open(dir)
	if err != nil || len(problems) > 0 {
		return fmt.Errorf("%v %v", err, problems)
	}
	n := 0
	if saved != nil {
		if n, err = strconv.Atoi(string(saved.Payload)); err != nil {
			return err
		}
	}
	w := NewWriter(s, func(err error) { fmt.Println("error", err) })
	go w.Run(context.Background())
	for {
		for range 1 + n%4 {
			n++
			w.Save([]byte(strconv.Itoa(n)))
		}
		wait := w.Written
		if n%7 == 0 {
			wait = w.Flush
		}
		if err := wait(context.Background()); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestKilled kills a writing process at random moments: the file is always whole, and
// what was acknowledged, by Flush or by Written, is never lost.
func TestKilled(t *testing.T) {
	dir, last, random := t.TempDir(), -1, rand.New(rand.NewPCG(5, 6))
	for range 100 {
		last = max(last, runAndKill(t, dir, random.IntN(20)))
		_, saved, problems := mustOpen(t, dir)
		if len(problems) > 0 || number(t, saved) < last {
			t.Fatalf("%d was acknowledged, %+v is read, with %v", last, saved, problems)
		}
	}
	if last < 100 {
		t.Errorf("only %d was reached", last)
	}
}

// runAndKill ends a child a random while after its line number so and so, and returns
// the last number that it has acknowledged.
func runAndKill(t *testing.T, dir string, lines int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := -1
	for s, n := bufio.NewScanner(out), 0; s.Scan(); n++ {
		if strings.HasPrefix(s.Text(), "error") {
			t.Error(s.Text())
		}
		last = max(last, atoi(s.Text()))
		if n == lines {
			// Spread over the steps of a write; nothing depends on how long it really is.
			time.Sleep(time.Duration(rand.IntN(500)) * time.Microsecond)
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait()
	return last
}

// atoi is -1 for what is no number.
func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
