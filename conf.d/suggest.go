package confd

import "strings"

// nearest is the candidate that the word was probably meant to be, "" if none is similar.
func nearest(word string, candidates []string) string {
	plain := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(word))
	best, least := "", 1+min(len(plain)/3+1, 3)
	for _, c := range candidates {
		if d := distance(plain, c); d < least && d < len(c) {
			best, least = c, d
		}
	}
	return best
}

// distance is how many insertions, deletions, replacements and swaps of neighbours turn a
// into b.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
