package procscan

// Without selects again, as if some of the matching processes were not there: by the
// pidfile if it names one of the others, else by Select.
func (sel Selection) Without(drop func(Process) bool, by Select) Selection {
	var stay []Process
	for _, p := range sel.Matching {
		if !drop(p) {
			stay = append(stay, p)
		}
	}
	if len(stay) == len(sel.Matching) {
		return sel
	}
	sel.Matching, sel.Selected = stay, nil
	for _, p := range stay {
		if sel.Hint != 0 && p.PID == sel.Hint {
			sel.Selected = []Process{p}
			return sel
		}
	}
	if sel.Hint = 0; len(stay) > 0 {
		sel.Selected = by.of(stay)
	}
	return sel
}

// Roots are those that match and whose parent does not match.
func (sel Selection) Roots() []Process { return roots(sel.Matching) }
