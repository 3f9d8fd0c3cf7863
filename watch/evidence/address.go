package evidence

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// address reads an address and port as /proc/net/tcp shows them: words of 32 bits in
// hexadecimal, each in the byte order of the host, and a port. If it cannot read them it
// returns them unchanged.
func address(text string) string {
	host, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	n, errPort := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || errPort != nil || len(raw) != 4 && len(raw) != 16 {
		return text
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)).String()
}
