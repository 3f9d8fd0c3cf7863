package procscan

import (
	"bytes"

	"procward/internal/procfile"
)

// namespaces counts the PID namespaces in which a process has a PID, beginning with that
// of the mounted proc file system: the NSpid line of /proc/PID/status
// (proc_pid_status(5)). A kernel without the line has no namespaces: one. The text stays
// in the buffer, which grows as needed: the groups of a process come before that line.
func (fs *FS) namespaces(pid int, buf []byte) (int, []byte, error) {
	var p procfile.Path
	buf, err := fs.dir.Whole(p.Of(pid, 0, "status"), buf, textLimit)
	if err != nil {
		return 0, buf, err
	}
	_, line, _ := bytes.Cut(buf, []byte("\nNSpid:"))
	line, _, _ = bytes.Cut(line, []byte("\n"))
	return max(1, len(bytes.Fields(line))), buf, nil
}
