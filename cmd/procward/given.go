package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"io/fs"

	confd "procward/conf.d"
)

// loadFiles composes drop-ins that are named one by one.
func loadFiles(paths []string) (*confd.Config, error) {
	var files given
	for _, path := range paths {
		path = filepath.Clean(path)
		if base := filepath.Base(path); !strings.HasSuffix(base, ".yaml") || strings.HasPrefix(base, ".") {
			return nil, &failure{exitBad, fmt.Errorf("%s is not a drop-in: only *.yaml is read, and no hidden file", path), "give it a name that ends in .yaml"}
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(path, ".") {
			if path, err = filepath.Abs(path); err != nil {
				return nil, err
			}
		}
		if !slices.ContainsFunc(files, func(g givenFile) bool { return g.path == path }) {
			files = append(files, givenFile{fs.FileInfoToDirEntry(info), path})
		}
	}
	return confd.Load(files)
}

// given is a file system of files from anywhere, each under the path by which it was
// named, so that problems show that path.
type given []givenFile

type givenFile struct {
	fs.DirEntry
	path string
}

// Name is the path as it was given, not its base.
func (g givenFile) Name() string { return g.path }

// Open is there to make it a file system; nobody calls it.
func (g given) Open(name string) (fs.File, error) { return os.Open(name) }

// ReadDir gives the files, whatever the directory.
func (g given) ReadDir(string) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	for _, f := range g {
		out = append(out, f)
	}
	return out, nil
}

// ReadFile reads one of the files.
func (g given) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }
