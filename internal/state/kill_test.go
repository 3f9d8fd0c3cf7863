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

	"procward/internal/testbed"
)

// childDir makes the test binary the child of TestKilled.
const childDir = "PROCWARD_TEST_STATE_CHILD"

func TestMain(m *testing.M) {
	testbed.Leash()
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
// Book has acknowledged. The journal is full every now and then.
func write(dir string) error {
	b, kept, problems, err := OpenBook(dir, func(err error) { fmt.Println("error", err) })
	if err != nil || len(problems) > 0 {
		return fmt.Errorf("%v %v", err, problems)
	}
	b.log.room, b.log.base = 10<<10, 10<<10
	n := max(kept.number("n"), 0)
	go b.Run(context.Background())
	for {
		for range 1 + n%4 {
			n++
			b.Put(map[string]any{"n": n, strconv.Itoa(n % 5): n, "pad": pad(n, 1<<10)})
		}
		wait := b.Written
		if n%7 == 0 {
			wait = b.Flush
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
		_, kept, problems, err := OpenBook(dir, func(error) {})
		n := kept.number("n")
		if err != nil || len(problems) > 0 || n < last || n > 0 && kept.number(strconv.Itoa(n%5)) != n {
			t.Fatalf("%d was acknowledged, %d is read, with %v, %v", last, n, problems, err)
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

// pad is a value of about so many bytes, another for each number.
func pad(n, size int) string { return strconv.Itoa(n) + strings.Repeat("x", size) }

// atoi is -1 for what is no number.
func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
