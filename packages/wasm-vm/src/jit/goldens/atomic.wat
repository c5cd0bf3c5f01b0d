(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 5
    i32.const 512
    i32.sub
    local.set 18
    ;; 0
    local.get 5
    local.set 11
    ;; 1
    i32.const 3
    local.set 9
    ;; 2
    local.get 11
    i32.const -8
    i32.add
    i64.const 5
    i64.store align=1
    ;; 3
    local.get 11
    i32.const -8
    i32.add
    local.tee 15
    i64.load align=1
    local.set 7
    local.get 15
    local.get 7
    local.get 9
    i64.extend_i32_u
    i64.add
    i64.store align=1
    local.get 7
    local.set 6
    ;; 4
    local.get 6
    return
    unreachable
  )
)
