package traits

import (
	"net"
	"os"
	"testing"

	"procward/procscan"
)

// What hung may come back when the reading has given it up long ago.
func TestLeftBehindReadsNothing(t *testing.T) {
	ns := newNets(Open("/proc"))
	ns.close()
	s, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got Got
	ns.r.sockets(Want{ID: procscan.ID{PID: os.Getpid()}}, ns, &got)
	if len(got.Serves) > 0 || len(ns.known) > 0 {
		t.Errorf("it reads %v, by %d descriptors that nobody closes", got.Serves, len(ns.known))
	}
}

func TestClosedAsSoonAsNobodyReads(t *testing.T) {
	ns := newNets(Open("/proc"))
	if !ns.begin() {
		t.Fatal("nothing can be read")
	}
	if _, err := ns.of(os.Getpid()); err != nil {
		t.Skipf("no sock_diag: %v", err)
	}
	ns.close()
	if len(ns.known) != 1 {
		t.Error("it was closed under who reads")
	}
	ns.end()
	if ns.known != nil {
		t.Error("it stays open")
	}
}
