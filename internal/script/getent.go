package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/account"
)

// getentTime limits a question to the name service.
const getentTime = 3 * time.Second

// getent is where the program is on all systems that have it.
const getent = "/usr/bin/getent"

// Getent asks the name service of the host, as account.Ask says.
func (r *Runner) Getent(arguments ...string) (string, error) {
	res := r.Run(context.Background(), Job{Argv: append(Argv{getent}, arguments...), Timeout: getentTime}, nil)
	switch {
	case res.OK():
		return res.Output, nil
	case res.Code == 2, errors.Is(res.Err, unix.ENOENT):
		return "", account.ErrUnknown
	case res.TimedOut:
		return "", fmt.Errorf("getent %s has not answered within %v", strings.Join(arguments, " "), getentTime)
	case res.Err != nil:
		return "", res.Err
	}
	return "", fmt.Errorf("getent %s: exit code %d %s: %s", strings.Join(arguments, " "), res.Code, res.Signal, res.Output)
}
