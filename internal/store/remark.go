package store

import "context"

const (
	markedGroups = "SELECT DISTINCT idx / 64 FROM events WHERE k1 = ? OR k2 = ? ORDER BY 1"
	textsOfGroup = "SELECT coalesce(who, ''), coalesce(what, '') FROM events WHERE idx >= ? AND idx < ?"
	marksOfBlock = "SELECT marks FROM marks WHERE block = ?"
)

// remark marks anew the groups in which something was wiped: a mark says that a text may be there.
func remark(ctx context.Context, db queryer, key int64, keep func(block int64, marks []byte) error) error {
	found, err := numbers(ctx, db, markedGroups, key, key)
	if err != nil {
		return err
	}
	for at := 0; at < len(found); {
		number := found[at] / groups
		var marks []byte
		if err := db.QueryRowContext(ctx, marksOfBlock, number).Scan(&marks); err != nil {
			return err
		}
		for ; at < len(found) && found[at]/groups == number; at++ {
			if err := markGroup(ctx, db, marks[found[at]%groups*markSize:][:markSize], found[at]); err != nil {
				return err
			}
		}
		if err := keep(number, marks); err != nil {
			return err
		}
	}
	return nil
}

func markGroup(ctx context.Context, db queryer, marks []byte, group int64) error {
	clear(marks)
	rows, err := db.QueryContext(ctx, textsOfGroup, group*groupSize, (group+1)*groupSize)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var who, what string
		if err := rows.Scan(&who, &what); err != nil {
			return err
		}
		setMarks(marks, who)
		setMarks(marks, what)
	}
	return rows.Err()
}

// numbers reads one column.
func numbers(ctx context.Context, db queryer, text string, args ...any) ([]int64, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}
