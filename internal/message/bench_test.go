package message

import "testing"

func BenchmarkSend(b *testing.B) {
	log := NewLog(NewQueue(sinkFunc(func(Message) error { return nil }), "discard", queueSize))
	m := example()
	b.ReportAllocs()
	for b.Loop() {
		log.Send(m)
	}
	b.ReportMetric(float64(log.Dropped()["discard"])/float64(b.N), "dropped/op")
}

func BenchmarkSendFull(b *testing.B) {
	hang := make(chan struct{})
	defer close(hang)
	log := NewLog(NewQueue(sinkFunc(func(Message) error { <-hang; return nil }), "hangs", queueSize))
	m := example()
	b.ReportAllocs()
	for b.Loop() {
		log.Send(m)
	}
}

func BenchmarkLine(b *testing.B) {
	m := failed()
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Line()
	}
}

func BenchmarkJSON(b *testing.B) {
	m := failed()
	b.ReportAllocs()
	for b.Loop() {
		_ = m.JSON()
	}
}
