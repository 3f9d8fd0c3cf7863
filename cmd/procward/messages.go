package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"io"

	"procward/internal/message"
	"procward/internal/terminal"
)

func messagesCommand() *cobra.Command {
	var jsonOut, markdown bool
	cmd := &cobra.Command{
		Use:   "messages [ID...]",
		Short: "Explain the messages that procward writes",
		Long: `The catalogue of everything that procward writes to the log: the ID, which never
changes its meaning, the severity, an example, the text, what it means and
what to do.

Exit codes: 0, 2 wrong usage, 4 no message has such an ID.`,
		Example: `  procward messages                  the whole catalogue, one line each
  procward messages PW0504           one message in full
  procward messages --json PW0504    for a program
  procward messages --markdown       the source of docs/messages.md`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, k := range message.Catalogue {
				ids = append(ids, k.ID+"\t"+k.Event)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			if markdown {
				return wholeMarkdown(cmd.OutOrStdout(), args)
			}
			kinds, err := chooseKinds(args)
			if err != nil {
				return err
			}
			switch out := cmd.OutOrStdout(); {
			case jsonOut:
				return terminal.JSON(out, withExamples(kinds))
			case len(args) == 0:
				listKinds(terminal.On(out), kinds)
			default:
				explainKinds(terminal.On(out), kinds)
			}
			return nil
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "write the whole catalogue as Markdown")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
	return cmd
}

// chooseKinds gives the messages with the IDs, in the order asked for; all without IDs.
func chooseKinds(ids []string) ([]*message.Kind, error) {
	if len(ids) == 0 {
		return message.Catalogue, nil
	}
	byID := map[string]*message.Kind{}
	for _, k := range message.Catalogue {
		byID[k.ID] = k
	}
	var out []*message.Kind
	for _, id := range ids {
		k := byID[strings.ToUpper(id)]
		if k == nil {
			return nil, &failure{exitNoName, fmt.Errorf("no message has the ID %q", id), "procward messages lists them"}
		}
		out = append(out, k)
	}
	return out, nil
}

func wholeMarkdown(w io.Writer, ids []string) error {
	if len(ids) > 0 {
		return &failure{exitUsage, errors.New("--markdown writes the whole catalogue"), "leave out the IDs, or --markdown"}
	}
	return message.Markdown(w)
}

// kindInFull is a kind in the form for a program.
type kindInFull struct {
	*message.Kind
	Example string `json:"example"`
}

func withExamples(kinds []*message.Kind) []kindInFull {
	var out []kindInFull
	for _, k := range kinds {
		out = append(out, kindInFull{k, k.Line()})
	}
	return out
}

func listKinds(p terminal.Writer, kinds []*message.Kind) {
	rows := [][]terminal.Cell{{terminal.Bold.Of("ID"), terminal.Bold.Of("SEVERITY"), terminal.Bold.Of("EVENT"), terminal.Bold.Of("TEXT")}}
	for _, k := range kinds {
		rows = append(rows, []terminal.Cell{terminal.None.Of(k.ID), terminal.OfSeverity(k.Severity).Of(k.Severity.String()), terminal.None.Of(k.Event), terminal.None.Of(k.Text)})
	}
	p.Table(rows)
}

func explainKinds(p terminal.Writer, kinds []*message.Kind) {
	for i, k := range kinds {
		if i > 0 {
			fmt.Fprintln(p)
		}
		fmt.Fprintf(p, "%s  %s  %s\n", p.In(terminal.Bold, k.ID), p.In(terminal.OfSeverity(k.Severity), k.Severity.String()), k.Event)
		field(p, "example", k.Line())
		field(p, "text", k.Text)
		field(p, "meaning", k.Meaning)
		field(p, "action", k.Action)
	}
}

func field(w io.Writer, name, text string) {
	if text == "" {
		text = "nothing"
	}
	fmt.Fprintf(w, "  %-8s %s\n", name, text)
}
