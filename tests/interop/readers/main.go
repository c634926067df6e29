// Reads a Hotline export with golang.org/x/mod's note and tlog packages, and nothing of Hotline's own.
//
//	main [-proof FILE]... EXPORT-DIR VKEY
//
// It opens the checkpoint with the Ed25519 log key, checks every tile against the root, every entry against its leaf,
// inclusion and consistency proofs made from the tiles, and each proof file given. It exits 0 if all of it holds, 1 if
// something does not, and 2 if it was called wrongly.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// directory serves tiles from an export. The tlog package names the height in a path, tlog-tiles does not.
type directory struct {
	root string
}

func (d directory) Height() int { return height }

func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(d.root, path(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: %d bytes", path(tile), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func path(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
}

// entriesPath maps the path of a data tile, tile/8/data/N, to that of an entry bundle.
func entriesPath(index int64, width int) string {
	data := tlog.Tile{H: height, L: -1, N: index, W: width}
	return "tile/entries/" + strings.TrimPrefix(data.Path(), fmt.Sprintf("tile/%d/data/", height))
}

func open(msg []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log with three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errors.New("malformed size")
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func split(data []byte, width int) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("a bundle that ends inside an entry")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("%d entries in a bundle of %d", len(entries), width)
	}
	return entries, nil
}

// checkEntries compares every entry with its leaf, and proves some of them and some earlier sizes.
func checkEntries(dir string, tree tlog.Tree, reader tlog.HashReader) error {
	step := tree.N/64 + 1
	for first := int64(0); first < tree.N; first += 1 << height {
		width := 1 << height
		if tree.N-first < int64(width) {
			width = int(tree.N - first)
		}
		name := entriesPath(first>>height, width)
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		entries, err := split(data, width)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var indexes []int64
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(i)))
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for i, entry := range entries {
			at := first + int64(i)
			hash := tlog.RecordHash(entry)
			if hash != leaves[i] {
				return fmt.Errorf("%s: entry %d is not the leaf", name, at)
			}
			if at%step != 0 && at != tree.N-1 {
				continue
			}
			record, err := tlog.ProveRecord(tree.N, at, reader)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(record, tree.N, tree.Hash, at, hash); err != nil {
				return fmt.Errorf("inclusion of entry %d: %w", at, err)
			}
			old, err := tlog.TreeHash(at+1, reader)
			if err != nil {
				return err
			}
			grown, err := tlog.ProveTree(tree.N, at+1, reader)
			if err != nil {
				return err
			}
			if err := tlog.CheckTree(grown, tree.N, tree.Hash, at+1, old); err != nil {
				return fmt.Errorf("consistency with size %d: %w", at+1, err)
			}
		}
	}
	return nil
}

// tilesOf lists the tiles of a tree of this very size: NewTiles also gives the narrower partial tiles of smaller trees.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for _, tile := range tlog.NewTiles(height, 0, size) {
		if last := len(tiles) - 1; last >= 0 && tiles[last].L == tile.L && tiles[last].N == tile.N {
			tiles[last] = tile
		} else {
			tiles = append(tiles, tile)
		}
	}
	return tiles
}

// checkTiles reads every tile there is through the reader that authenticates, and allows no file besides.
func checkTiles(dir string, tree tlog.Tree, reader tlog.HashReader) error {
	expected := map[string]bool{}
	for _, tile := range tilesOf(tree.N) {
		expected[path(tile)] = true
		got, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return fmt.Errorf("%s: %w", path(tile), err)
		}
		data, err := os.ReadFile(filepath.Join(dir, path(tile)))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, data) {
			return fmt.Errorf("%s: not the hashes of the tree", path(tile))
		}
	}
	for first := int64(0); first < tree.N; first += 1 << height {
		width := 1 << height
		if tree.N-first < int64(width) {
			width = int(tree.N - first)
		}
		expected[entriesPath(first>>height, width)] = true
	}
	return filepath.WalkDir(filepath.Join(dir, "tile"), func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && tree.N == 0 {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		short, err := filepath.Rel(dir, name)
		if err == nil && !expected[filepath.ToSlash(short)] {
			err = fmt.Errorf("%s: no tile of a tree of %d", short, tree.N)
		}
		return err
	})
}

func checkProof(file string, verifier note.Verifier) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof file")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var record tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		record = append(record, hash)
	}
	tree, err := open([]byte(rest), verifier)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(record, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func check(dir, vkey string, proofs []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("vkey: %w", err)
	}
	for _, proof := range proofs {
		if err := checkProof(proof, verifier); err != nil {
			return fmt.Errorf("%s: %w", proof, err)
		}
	}
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(msg, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	reader := tlog.TileHashReader(tree, directory{dir})
	if err := checkTiles(dir, tree, reader); err != nil {
		return err
	}
	if err := checkEntries(dir, tree, reader); err != nil {
		return err
	}
	fmt.Printf("ok: %s, %d entries, %d proof files\n", verifier.Name(), tree.N, len(proofs))
	return nil
}

type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func main() {
	var proofs list
	flag.Var(&proofs, "proof", "a proof file to check with the same key; can be given several times")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: main [-proof FILE]... EXPORT-DIR VKEY")
		os.Exit(2)
	}
	if err := check(flag.Arg(0), flag.Arg(1), proofs); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}
