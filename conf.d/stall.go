package confd

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/watch/probe"
	"procward/watch/vital"
)

// StallItem is one item under stall: of a process: a passive sign, or a probe. A passive sign
// has only one common key, action.
type StallItem struct {
	vital.Sign  `yaml:",inline"`
	probe.Check `yaml:",inline"`
}

// passive reports whether the item is a passive sign.
func (s StallItem) passive() bool { return s.Sign != vital.Sign{} }

// Checks is the probes of the process, in order.
func (p Process) Checks() []probe.Check {
	var out []probe.Check
	for _, s := range p.Stall {
		if !s.passive() {
			out = append(out, s.Check)
		}
	}
	return out
}

// Vital is the passive signs and the limits of the process.
func (p Process) Vital() vital.Spec {
	out := vital.Spec{Limits: p.Limits}
	for _, s := range p.Stall {
		if s.passive() {
			out.Signs = append(out.Signs, vital.Judged{Sign: s.Sign, Action: s.Action})
		}
	}
	return out
}

// keyed is the keys of a sign without those of its kind: a passive one has only action.
func (s StallItem) keyed() bool {
	own := probe.DefaultCheck()
	own.Action = s.Action
	return !reflect.DeepEqual(s.Check, own)
}

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (s StallItem) Validate() error {
	switch {
	case !s.passive() && s.Kind() == "":
		return scalar.Errorf("", "says not what the sign is: add one of %s", strings.Join(signKinds(), ", "))
	case !s.passive():
		return s.Check.Validate()
	case s.keyed():
		return errors.Join(s.Sign.Validate(), scalar.Errorf("", "a passive sign has no key beside it but action: give a probe an item of its own"))
	}
	return errors.Join(s.Sign.Validate(), s.Action.Validate())
}

// signKinds are the keys of which an item has exactly one.
func signKinds() []string {
	return append(kind.Names[vital.Sign](), kind.Names[probe.Kinds]()...)
}

// validateStall reports what is wrong with the signs, one by one and together.
func (p Process) validateStall() error {
	errs := []error{scalar.Under("limits", p.Limits.Validate())}
	limits := vital.Names(vital.Spec{Limits: p.Limits})
	first := map[string]int{}
	names := p.signNames()
	for i, s := range p.Stall {
		key := fmt.Sprintf("stall[%d]", i)
		if err := s.Validate(); err != nil {
			errs = append(errs, scalar.Under(key, err))
			continue
		}
		if before, ok := first[names[i]]; ok {
			errs = append(errs, scalar.Errorf(key, "is called %s like stall[%d]: give it another name, or remove one", names[i], before))
			continue
		}
		if slices.Contains(limits, names[i]) {
			errs = append(errs, scalar.Errorf(key, "is called %s like one of the limits: give it another name", names[i]))
		}
		first[names[i]] = i
	}
	return errors.Join(errs...)
}

// signNames is the name of each item under stall: in messages.
func (p Process) signNames() []string {
	checks := probe.Names(p.Checks())
	out := make([]string, len(p.Stall))
	for i, s := range p.Stall {
		switch {
		case s.passive():
			out[i] = strings.Join(s.Set(), "-")
			continue
		case s.Name != "":
			out[i] = s.Name // a name that is given twice is an error, and not made unique
		default:
			out[i] = checks[0]
		}
		checks = checks[1:]
	}
	return out
}
