package vital

import (
	"fmt"
	"strconv"

	"procward/internal/scalar"
)

// quantity is a row of the table of what can be limited: how much of something a process
// has.
type quantity struct {
	from   []source // in addition to fromStat
	most   bound    // of a limit
	growth bound    // of a leak
	// value is the amount, in bytes or a number, and told reports whether it is of this
	// reading; nil: it always is.
	value func(view) float64
	told  func(view) bool
	// whole is what a share refers to, and wholeFrom the source that it is read from.
	whole     func(*reading) int64
	wholeFrom source
	// words is the value in words: as part of the whole, if the bound is a share.
	words func(v view, share bool) string
}

var (
	memoryBound = bound{forms: []Form{Size, Share}, example: "a size like 2GiB, or a share of the host's memory like 50%", share: 1}
	memoryLeak  = bound{forms: []Form{Size, Share}, example: "a size like 100MiB, or a share like 10%"}
	numberLeak  = bound{forms: []Form{Number, Share}, example: "a number like 100, or a share like 10%", least: 1}
)

// quantities is the table, by the names of the rows of Limits and of Growth.
var quantities = map[string]*quantity{
	"rss": memories[RSS],
	"cpu": {
		most:  bound{forms: []Form{Share}, example: "a share of one CPU like 95% or 250%"},
		value: func(v view) float64 { return v.usage }, told: func(v view) bool { return v.rated },
		whole: func(*reading) int64 { return 1 },
		words: func(v view, _ bool) string { return "cpu " + percent(float64(int(v.usage*1000))/1000) },
	},
	"fds": {
		from: []source{fromFDs}, growth: numberLeak,
		most:  bound{forms: []Form{Number, Share}, example: "a number like 500, or a share of the process's limit like 90%", least: 1, share: 1},
		value: func(v view) float64 { return float64(v.r.fds) },
		whole: func(r *reading) int64 { return r.fdLimit }, wholeFrom: fromLimits,
		words: func(v view, share bool) string {
			if share {
				return fmt.Sprintf("%d of %d descriptors", v.r.fds, v.r.fdLimit)
			}
			return fmt.Sprintf("%d descriptors", v.r.fds)
		},
	},
	"threads":  counted("threads", "a number like 500", 1, func(r *reading) int64 { return int64(r.stat.Threads) }),
	"children": counted("children", "a number like 500", 0, func(r *reading) int64 { return r.children }, fromChildren),
	"zombies":  counted("zombies", "a number like 10", 0, func(r *reading) int64 { return r.zombies }, fromChildren, fromZombies),
}

// memories is the ways to count the memory of a process; they all make the same sign.
var memories = map[MemoryKind]*quantity{
	RSS:     bytesOf("rss %s", func(r *reading) int64 { return r.rss }, nil),
	PSS:     bytesOf("pss %s", func(r *reading) int64 { return r.pss }, isRolled, fromRollup),
	Private: bytesOf("private memory %s", func(r *reading) int64 { return r.private }, isRolled, fromRollup),
	Tree:    bytesOf("rss %s with all descendants", func(r *reading) int64 { return r.tree }, func(v view) bool { return v.r.summed }, fromFamily),
}

func isRolled(v view) bool { return v.r.rolled }

// bytesOf is a quantity of memory.
func bytesOf(format string, value func(*reading) int64, told func(view) bool, from ...source) *quantity {
	return &quantity{
		from: from, most: memoryBound, growth: memoryLeak, told: told,
		value: func(v view) float64 { return float64(value(v.r)) },
		whole: func(r *reading) int64 { return r.memory }, wholeFrom: fromMemory,
		words: func(v view, _ bool) string { return fmt.Sprintf(format, scalar.Size(value(v.r)).Rounded()) },
	}
}

// counted is a quantity that is counted.
func counted(unit, example string, least int64, value func(*reading) int64, from ...source) *quantity {
	return &quantity{
		from: from, most: bound{forms: []Form{Number}, example: example, least: least}, growth: numberLeak,
		value: func(v view) float64 { return float64(value(v.r)) },
		words: func(v view, _ bool) string { return strconv.FormatInt(value(v.r), 10) + " " + unit },
	}
}

// bounded is the sight of a limit on a quantity.
type bounded struct{ *quantity }

func (b bounded) sources() []source { return b.from }

func (b bounded) judge(v view) symptom {
	if b.told != nil && !b.told(v) {
		return symptom{}
	}
	whole := int64(1)
	if v.it.max.Form == Share {
		whole = b.whole(v.r)
	}
	return v.held(whole > 0 && b.value(v) > v.it.max.of(whole))
}

func (b bounded) fine(v view) string {
	return b.words(v, v.it.max.Form == Share) + ", at most " + v.it.max.String() + " allowed"
}

func (b bounded) wrong(v view) string {
	return b.words(v, v.it.max.Form == Share) + ", more than " + v.it.max.String()
}

// growing is the sight of a quantity that must not always grow.
type growing struct{ *quantity }

func (g growing) sources() []source { return g.from }

func (g growing) judge(v view) symptom {
	return v.leaks[v.it.leak].next(int64(g.value(v)), v.it, v.now)
}

func (g growing) fine(v view) string  { return g.words(v, false) + ", which does not only grow" }
func (g growing) wrong(v view) string { return g.words(v, false) + ", only growing" }
