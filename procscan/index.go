package procscan

import (
	"bytes"
	"path/filepath"
)

// index finds, among many queries, those that a process could match, so that it is
// compared with a few of them and not with all. It finds a query by the name, exe and
// user that it asks for, all of which must be right; among those with the same values, by
// a word of its args or by its unit. It may return too many queries: each one that it
// returns is judged.
type index struct {
	queries []query
	shapes  [8]*shape // by the bits below; nil if no query has that shape
}

// What a query asks for.
const (
	byName = 1 << iota
	byExe
	byUser
)

// shape is the queries that ask for the same things.
type shape struct {
	names   map[comm]struct{} // that are asked for
	users   map[uint32]struct{}
	exes    map[string]struct{}
	alike   map[string][]int // by the names that a process could have that runs their exe
	buckets map[mark]*bucket
	all     []int
}

// mark is what queries ask for; other fields are empty.
type mark struct {
	name comm
	exe  string
	uid  uint32
}

// bucket is the queries of one mark.
type bucket struct {
	plain   []int
	unit    map[string][]int // by the last component of the unit
	units   []int            // all of these
	worded  []int            // those with a word
	lexicon *lexicon         // of these; nil while they are few
}

// few is how many regular expressions are tried without looking for words first.
const few = 16

func newIndex(queries []query) *index {
	x := &index{queries: queries}
	for i := range queries {
		if q := &queries[i]; !q.none {
			x.add(i, q)
		}
	}
	for _, s := range x.shapes {
		if s != nil {
			s.makeLexicons(queries)
		}
	}
	return x
}

func (x *index) add(i int, q *query) {
	kind, at := 0, mark{}
	if q.match.Name != "" {
		kind, at.name = kind|byName, commFrom(q.match.Name)
	}
	if q.match.User != "" {
		kind, at.uid = kind|byUser, q.uid
	}
	if q.match.Exe != "" {
		kind |= byExe
	}
	if x.shapes[kind] == nil {
		x.shapes[kind] = &shape{
			names: map[comm]struct{}{}, users: map[uint32]struct{}{}, exes: map[string]struct{}{}, alike: map[string][]int{}, buckets: map[mark]*bucket{},
		}
	}
	s := x.shapes[kind]
	s.all = append(s.all, i)
	s.names[at.name], s.users[at.uid] = struct{}{}, struct{}{}
	if kind&byExe == 0 {
		s.bucket(at).add(i, q)
		return
	}
	for n, exe := range q.exe {
		if n > 0 && exe == q.exe[0] {
			break
		}
		at.exe = exe
		s.exes[exe] = struct{}{}
		s.bucket(at).add(i, q)
		base := filepath.Base(exe)
		s.alike[base] = append(s.alike[base], i)
		if short := commOf(exe); short != base {
			s.alike[short] = append(s.alike[short], i)
		}
	}
}

func (s *shape) bucket(at mark) *bucket {
	if s.buckets[at] == nil {
		s.buckets[at] = &bucket{}
	}
	return s.buckets[at]
}

func (b *bucket) add(i int, q *query) {
	switch {
	case q.word != "":
		b.worded = append(b.worded, i)
	case len(q.unit) > 0:
		if b.unit == nil {
			b.unit = map[string][]int{}
		}
		last := q.unit[len(q.unit)-1]
		b.unit[last] = append(b.unit[last], i)
		b.units = append(b.units, i)
	default:
		b.plain = append(b.plain, i)
	}
}

func (s *shape) makeLexicons(queries []query) {
	for _, b := range s.buckets {
		if len(b.worded) <= few {
			b.plain, b.worded = append(b.plain, b.worded...), nil
			continue
		}
		b.lexicon = newLexicon(b.worded, func(i int) string { return queries[i].word })
	}
}

// asks reports whether a process of which this much is known could match one of the
// queries. exeOnly: its program decides that, before anything else is read of it.
func (x *index) asks(f *fact) (asks, exeOnly bool) {
	if f.kernel {
		return false, false
	}
	exeOnly = true
	for kind, s := range x.shapes {
		if s == nil || !s.suits(kind, f) {
			continue
		}
		asks = true
		exeOnly = exeOnly && kind&byExe != 0
	}
	return asks, asks && exeOnly && f.comm != (comm{})
}

// suits reports whether nothing that is known of a process excludes the queries of a
// shape.
func (s *shape) suits(kind int, f *fact) bool {
	if _, meant := s.names[f.comm]; kind&byName != 0 && f.comm != (comm{}) && !meant {
		return false
	}
	if _, meant := s.users[f.uid]; kind&byUser != 0 && f.user && !meant {
		return false
	}
	return true
}

// runs reports whether a query asks for this exe, as readlink(2) gives it.
func (x *index) runs(exe []byte) bool {
	bare := bytes.TrimSuffix(exe, []byte(deleted))
	for kind, s := range x.shapes {
		if s == nil || kind&byExe == 0 {
			continue
		}
		if _, wanted := s.exes[string(bare)]; wanted {
			return true
		}
		if _, wanted := s.exes[string(exe)]; wanted {
			return true
		}
	}
	return false
}

// meant returns the queries that the process could match, some more than once. It reads
// only what it needs for this.
func (x *index) meant(s *subject, give func(i int)) {
	for kind, shape := range x.shapes {
		if shape != nil && !s.over {
			shape.meant(kind, s, give)
		}
	}
}

func (s *shape) meant(kind int, p *subject, give func(i int)) {
	var at mark
	if kind&byName != 0 {
		at.name = commFrom(p.stat.Comm)
		if _, wanted := s.names[at.name]; !wanted {
			return
		}
	}
	if kind&byUser != 0 {
		if err := p.readUser(); err != nil {
			each(s.all, give)
			return
		}
		at.uid = p.uid
		if _, wanted := s.users[at.uid]; !wanted || p.over {
			return
		}
	}
	if kind&byExe == 0 {
		s.buckets[at].meant(p, give)
		return
	}
	err := p.readExe()
	switch {
	case denied(err):
		s.resembling(p, give)
	case err != nil:
		each(s.all, give)
	case !p.over:
		bare := bytes.TrimSuffix(p.exe, []byte(deleted))
		at.exe = string(bare)
		s.buckets[at].meant(p, give)
		if len(bare) != len(p.exe) {
			at.exe = string(p.exe)
			s.buckets[at].meant(p, give)
		}
	}
}

// resembling returns the queries whose program has the name of a process whose exe we may
// not read.
func (s *shape) resembling(p *subject, give func(i int)) {
	if err := p.readArgs(); err != nil || p.over {
		each(s.all, give)
		return
	}
	each(s.alike[string(p.stat.Comm)], give)
	each(s.alike[filepath.Base(string(firstArg(p.args)))], give)
}

func (b *bucket) meant(p *subject, give func(i int)) {
	if b == nil {
		return
	}
	each(b.plain, give)
	if b.lexicon != nil {
		if err := p.readArgs(); err != nil {
			each(b.worded, give)
		} else {
			b.lexicon.find(p.plainArgs(), give)
		}
	}
	if b.unit != nil && !p.over {
		if err := p.readUnit(); err != nil {
			each(b.units, give)
			return
		}
		for _, c := range components(p.unit) {
			each(b.unit[c], give)
			if c[0] == '_' {
				each(b.unit[c[1:]], give)
			}
		}
	}
}

func each(all []int, give func(i int)) {
	for _, i := range all {
		give(i)
	}
}
