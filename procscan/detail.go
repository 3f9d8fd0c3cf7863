package procscan

import "bytes"

// The details below are read of few processes, the ones that match otherwise. They come
// from prometheus/procfs; only what is read of all is read by this package itself.

// unit reads the path of the control group of a process, through a thread of it where
// tid is not 0: on the hierarchies of version 1 an exited leader shows "/".
func (fs *FS) unit(pid, tid int) (string, error) {
	p, err := fs.proc.Proc(pid)
	if tid != 0 && err == nil {
		p, err = fs.proc.Thread(pid, tid)
	}
	if err != nil {
		return "", err
	}
	groups, err := p.Cgroups()
	if err != nil {
		return "", err
	}
	return unitPath(groups), nil
}

// namespaces counts the PID namespaces that a process has a PID in, from that of the
// mounted proc file system down: the NSpid line of /proc/PID/status (proc_pid_status(5)).
// A kernel without the line has no namespaces: one. The buffer is for the text.
func (fs *FS) namespaces(pid int, buf []byte) (int, error) {
	var p path
	p.process(pid)
	n, err := fs.file(p.file("status"), buf)
	if err != nil {
		return 0, err
	}
	_, line, _ := bytes.Cut(buf[:n], []byte("\nNSpid:"))
	line, _, _ = bytes.Cut(line, []byte("\n"))
	return max(1, len(bytes.Fields(line))), nil
}
