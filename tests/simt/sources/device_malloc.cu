// Memory taken and given back by threads.
#include <cstdlib>

struct Node {
  Node* next;
  int value;
};

__global__ void list(int* out, int n) {
  Node* head = nullptr;
  for (int i = 0; i < n; ++i) {
    Node* node = static_cast<Node*>(malloc(sizeof(Node)));
    if (node == nullptr) break;
    *node = {head, i};
    head = node;
  }
  int sum = 0;
  while (head != nullptr) {
    sum += head->value;
    Node* next = head->next;
    free(head);
    head = next;
  }
  int* array = new int[n];
  for (int i = 0; i < n; ++i) array[i] = i;
  memcpy(out + 8, array, 4 * n);
  memset(array, 0, 4 * n);
  delete[] array;
  out[threadIdx.x] = sum;
}
