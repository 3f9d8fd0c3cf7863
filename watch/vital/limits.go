package vital

import (
	"errors"
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/watch"
)

// Limit is one bound: bad means that the value was above Max at every reading for the
// time For.
type Limit struct {
	// what is exceeded. Required
	Max Amount `yaml:"max"`
	// exceeded for this long
	For scalar.Duration `yaml:"for"`
	// or `report`
	Action watch.Action `yaml:"action"`
}

// DefaultLimit returns a Limit with its defaults.
func DefaultLimit() Limit {
	return Limit{For: scalar.Duration(time.Minute), Action: watch.ActRestart}
}

// SetDefaults sets the defaults before the keys are read.
func (l *Limit) SetDefaults() { *l = DefaultLimit() }

// Leak is one value that must not always grow. It is bad if over For it never fell from
// one reading to the next, was larger at the end of each eighth of For than at its
// beginning, and has grown by at least By since that growth began. So it is no leak if a
// program grows at first and then stays as it is, or if one page is added.
type Leak struct {
	// it grew for this long
	For scalar.Duration `yaml:"for"`
	// and has grown by this since the growth began
	By Amount `yaml:"by"`
	// or `restart`
	Action watch.Action `yaml:"action"`
}

// DefaultLeak returns a Leak with its defaults.
func DefaultLeak() Leak {
	return Leak{For: scalar.Duration(24 * time.Hour), By: Amount{Form: Share, Share: 0.1}, Action: watch.ActReport}
}

// SetDefaults sets the defaults before the keys are read.
func (l *Leak) SetDefaults() { *l = DefaultLeak() }

// bound says what an amount may be.
type bound struct {
	forms   []Form
	example string  // in words
	least   int64   // of a number
	share   float64 // a share must be below this; 0: any
}

func (b bound) check(key string, a Amount) error {
	if a.Form == NotGiven {
		return scalar.Errorf(key, "is missing: write %s", b.example)
	}
	fits := false
	for _, f := range b.forms {
		fits = fits || f == a.Form
	}
	switch {
	case !fits:
		return scalar.Errorf(key, "%s is a %s: write %s", a, a.Form, b.example)
	case a.Form == Number && a.N < b.least, a.Form == Size && a.N <= 0, a.Form == Share && a.Share <= 0:
		return scalar.Errorf(key, "%s is too small: write %s", a, b.example)
	case a.Form == Share && b.share > 0 && a.Share >= b.share:
		return scalar.Errorf(key, "%s is never exceeded: write less than %s", a, percent(b.share))
	}
	return nil
}

// Validate reports, as KeyErrors, what makes no sense.
func (l Limits) Validate() error {
	var errs []error
	for _, row := range kind.Set[limit](l) {
		errs = append(errs, scalar.Under(row.Name, row.Kind.validate(row.Name)))
	}
	return errors.Join(errs...)
}

func (l *Limit) validate(name string) error { return l.validateAs(quantities[name]) }

func (l *Limit) validateAs(q *quantity) error {
	return errors.Join(q.most.check("max", l.Max), positive("for", l.For), l.Action.Validate())
}

func (l *Limit) items(name string) []item { return l.itemsAs(name, quantities[name]) }

func (l *Limit) itemsAs(name string, q *quantity) []item {
	return []item{{name: name, sight: bounded{q}, lasts: l.For.D(), max: l.Max, report: l.Action == watch.ActReport}}
}

func (g *Growth) validate(string) error {
	var errs []error
	for _, row := range kind.Set[*Leak](*g) {
		k := row.Kind
		errs = append(errs, scalar.Under(row.Name, errors.Join(quantities[row.Name].growth.check("by", k.By), positive("for", k.For), k.Action.Validate())))
	}
	return errors.Join(errs...)
}

func (g *Growth) items(string) []item {
	var all []item
	for _, row := range kind.Set[*Leak](*g) {
		k := row.Kind
		all = append(all, item{name: row.Name + "-growth", sight: growing{quantities[row.Name]}, lasts: k.For.D(), by: k.By, report: k.Action == watch.ActReport})
	}
	return all
}
