package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"all is well": {`
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: a word\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"pass","Package":"p","Elapsed":0.3}`, `
ok   p 0.3s
1 passed, 0 failed, 0 skipped`},
		"skips": {`
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: needs root\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no gcc\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC/one","Output":"        a_test.go:9: needs root\n"}
{"Action":"skip","Package":"p","Test":"TestC/one"}
{"Action":"skip","Package":"p","Test":"TestD"}
{"Action":"pass","Package":"p","Elapsed":0.3}
{"Action":"skip","Package":"q"}`, `
ok   p 0.3s
skipped: needs root (2); no gcc; no reason given
0 passed, 0 failed, 4 skipped`},
		"a failure is shown in full": {`
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: wrong\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":1}`, `
=== RUN   TestA
    a_test.go:3: wrong
--- FAIL: TestA (0.00s)
FAIL
FAIL p 1.0s
0 passed, 1 failed, 0 skipped`},
		"one that was under way when the package ended": {`
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"p","Elapsed":1}`, `
=== RUN   TestA
panic: test timed out
FAIL p 1.0s
0 passed, 1 failed, 0 skipped`},
		"what does not build": {`
{"ImportPath":"p","Action":"build-output","Output":"p/a.go:3: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}`, `
p/a.go:3: undefined: x
FAIL	p [build failed]
FAIL p 0.0s
0 passed, 1 failed, 0 skipped`},
		"no event": {"go: downloading x\n" + `{"Action":"pass","Package":"p","Elapsed":0}`, `
go: downloading x
ok   p 0.0s
0 passed, 0 failed, 0 skipped`},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(strings.TrimPrefix(c.in, "\n"))); err != nil {
				t.Fatal(err)
			}
			r.close()
			if got, want := out.String(), strings.TrimPrefix(c.want, "\n")+"\n"; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
