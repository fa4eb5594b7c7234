// Package postgres gives a PostgreSQL out in leases: one role for each mandate, with exactly its grants, and gone with it.
//
// What holds:
//   - A lease has what its mandate grants and what PUBLIC has. Grant refuses as long as PUBLIC has more than nothing, unless
//     the operator accepts that opening by name; Check says which statement closes it.
//   - Grant is one transaction: a lease is there as a whole or not at all. Its password is shown once; the server is given a
//     SCRAM verifier, so that not even a log of statements holds it.
//   - A role is ours by its comment, which a lease cannot change, never by its name. A group role would be a door: a
//     member may SET ROLE to it and leave things behind that are not his.
//   - Withdraw closes the door first, then ends connections until none is left, also those that have logged in and are seen
//     nowhere yet, then takes the rights and the role away. Each step may be cut off and done again. No lock is taken that
//     a lease could hold before it: those it can hold (on its own row of pg_authid, by a prepared transaction) are broken.
//   - What a lease owns in spite of all goes with it. To reassign it would hand its functions, and whom they run as, to
//     Stead's role.
//
// Rows are filtered by views in a schema of the lease, not by row level security: that would change a table for everybody,
// and it, like a plain security barrier, lets EXPLAIN tell how often a hidden value occurs, because leakproof conditions are
// pushed below it. A view for reading is a barrier with OFFSET 0, below which nothing is pushed; its price is that
// conditions of the reader use no index. A view for writing must be simple, so it is a barrier with a check option alone:
// who may write some rows can learn from EXPLAIN how often values occur in the others.
//
// What PostgreSQL leaves to every role, whatever is granted: names of tables and columns and numbers of rows in
// pg_catalog, who is connected, LISTEN and NOTIFY, advisory locks, and to change its own password and settings. The
// time-outs are such settings: defaults, not fences.
package postgres
